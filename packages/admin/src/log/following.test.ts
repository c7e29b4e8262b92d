import { Writable } from 'node:stream';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ScriptedState } from '../../test-support/scripted-state.ts';
import type { LogLine, LogQuery } from '../schemas/log.ts';
import { EventStream } from './event-stream.ts';
import { LogFeed, type LogReader } from './log-feed.ts';

const line = (data: string, ...readers: number[]): LogLine => ({ event: 'message', id: '7-m1', data, readers });

/** A reader that takes nothing until it is told to. */
function slowOutput() {
  let text = '';
  let go: (() => void) | undefined;
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString('utf8');
      go = done;
    },
  });
  onTestFinished(() => void output.destroy());
  return { output, sent: () => text, take: () => go?.() };
}

test('a line is an event with its id, one after the other', () => {
  let text = '';
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString('utf8');
      done();
    },
  });
  onTestFinished(() => void output.destroy());
  const stream = new EventStream({}, output);
  stream.begins();
  stream.take([line('{"a":1}', 0), { ...line('{"b":2}', 0), event: 'session', id: 'k-2' }], 0);
  expect(text).toBe(
    ': lines of the log\n\nevent: message\nid: 7-m1\ndata: {"a":1}\n\nevent: session\nid: k-2\ndata: {"b":2}\n\n',
  );
});

test('a slow reader misses lines, and is told how many when it reads again', async () => {
  const { output, sent, take } = slowOutput();
  const stream = new EventStream({}, output);
  const long = 'x'.repeat(200 * 1024);
  stream.take([line(long, 0), line(long, 0), line('one', 0), line('two', 0)], 3);
  expect(output.writableLength).toBeLessThan(1024 * 1024);
  stream.take([line('three', 0)], 0);
  take();
  await vi.waitUntil(() => {
    take();
    return output.writableLength === 0;
  });
  stream.take([line('after', 0)], 0);
  await vi.waitUntil(() => {
    take();
    return sent().includes('after');
  });
  expect(sent()).toContain('event: lost\ndata: {"lines":3}\n\n');
  expect(sent()).toContain('event: lost\ndata: {"lines":3}\n\nevent: message\nid: 7-m1\ndata: after\n\n');
  expect(sent()).not.toContain('three');
});

test('a feed asks while somebody reads, gives each reader its lines, and then no more', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const state = new ScriptedState({ log: { lines: [], lost: [] } });
  const feed = new LogFeed(state);
  const taken: [string, readonly string[], number][] = [];
  const begun: string[] = [];
  const reader = (name: string): LogReader => ({
    query: { service: name },
    begins: () => void begun.push(name),
    take: (lines, lost) => taken.push([name, lines.map(({ data }) => data), lost]),
  });
  const [one, two] = [reader('one'), reader('two')];
  feed.add(one);
  feed.add(two);
  expect(begun).toEqual([]);
  await vi.advanceTimersByTimeAsync(250);
  expect(begun).toEqual(['one', 'two']);
  state.answers.log = { lines: [line('for one', 0), line('for both', 0, 1)], lost: [0, 5] };
  await vi.advanceTimersByTimeAsync(250);
  expect(taken.filter(([, lines]) => lines.length > 0)).toEqual([
    ['one', ['for one', 'for both'], 0],
    ['two', ['for both'], 5],
  ]);
  feed.remove(one);
  feed.remove(two);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(state.asked.at(-1)).toEqual({ question: 'log', argument: { queries: [] } });
  expect(vi.getTimerCount()).toBe(0);
});

test('a reader that takes the place of another one misses nothing, whenever it comes', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  // Collects as the proxy does: for those of the last question, by their places.
  let [collecting, waiting]: [readonly LogQuery[], LogLine[]] = [[], []];
  let isOpen = false;
  const state = new ScriptedState({});
  vi.spyOn(state, 'ask').mockImplementation(async (_question, argument) => {
    expect(isOpen).toBe(false);
    isOpen = true;
    const answer = { lines: waiting, lost: collecting.map(() => 0) };
    [collecting, waiting] = [(argument as { queries: readonly LogQuery[] }).queries, []];
    await new Promise((resolve) => setTimeout(resolve, 100));
    isOpen = false;
    return answer as never;
  });
  const write = (data: string): void => {
    const readers = collecting.flatMap(({ target }, index) => (data.includes(target ?? '') ? [index] : []));
    if (readers.length > 0) waiting.push(line(data, ...readers));
  };
  const feed = new LogFeed(state);
  for (let pause = 0; pause < 400; pause += 50) {
    const taken: string[] = [];
    const reader = (target: string): LogReader => ({
      query: { target },
      begins: () => [`${target} 1`, 'other', `${target} 2`].forEach(write),
      take: (lines) => taken.push(...lines.map(({ data }) => data)),
    });
    const [first, second] = [reader('first'), reader('second')];
    feed.add(first);
    await vi.advanceTimersByTimeAsync(pause);
    feed.remove(first);
    feed.add(second);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(taken.filter((data) => !data.startsWith('first'))).toEqual(['second 1', 'second 2']);
    feed.remove(second);
    await vi.advanceTimersByTimeAsync(pause);
  }
  await vi.advanceTimersByTimeAsync(1_000);
  expect(vi.getTimerCount()).toBe(0);
});

test('an answer that does not come is told as a loss', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const state = new ScriptedState({ log: new Error('busy') });
  const feed = new LogFeed(state);
  let lost = 0;
  const reader: LogReader = { query: {}, begins: () => {}, take: (_lines, more) => void (lost += more) };
  feed.add(reader);
  await vi.advanceTimersByTimeAsync(500);
  expect(lost).toBeGreaterThan(0);
  feed.remove(reader);
});
