import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store } from '@inband/store';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Beats } from './beats.ts';
import { openMemory } from './lending/memory.ts';

let folder: string;
let store: Store;
let begun: Beats[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-beats-'));
  store = await openMemory();
  begun = [];
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
});
afterEach(async () => {
  for (const beats of begun) beats.end();
  vi.useRealTimers();
  await store.close();
  await rm(folder, { recursive: true });
});

interface Said {
  info: string;
  members: number[];
  lines: string[];
  names: boolean[];
}

let marks = 0;

async function begin(member: string, { state, of = store }: { state?: string; of?: Store } = {}) {
  const said: Said = { info: 'one', members: [], lines: [], names: [] };
  const line = (_fields: object, message: string): void => void said.lines.push(message);
  const beats = await Beats.begin({
    store: of,
    logger: { debug: () => {}, info: line, warn: line, error: line },
    member,
    mark: `mark ${(marks += 1)}`,
    onName: (isTaken) => void said.names.push(isTaken),
    info: () => said.info,
    folder: state,
    onMembers: (members) => void said.members.push(members),
  });
  begun.push(beats);
  return { beats, said };
}

const infos = async (): Promise<string[]> => (await store.members()).map(({ name, info }) => `${name}: ${info}`);

test('a member says that it lives soon after its start, and every ten seconds', async () => {
  const { said } = await begin('a');
  await vi.advanceTimersByTimeAsync(100);
  expect(await infos()).toEqual(['a: one']);
  said.info = 'two';
  await vi.advanceTimersByTimeAsync(9_800);
  expect(await infos()).toEqual(['a: one']);
  await vi.advanceTimersByTimeAsync(200);
  expect(await infos()).toEqual(['a: two']);
});

test('what has changed is said soon, several changes at once', async () => {
  const { beats, said } = await begin('a');
  await vi.advanceTimersByTimeAsync(100);
  const beat = vi.spyOn(store, 'beat');
  said.info = 'two';
  for (let count = 0; count < 10; count += 1) beats.soon();
  await vi.advanceTimersByTimeAsync(100);
  expect(await infos()).toEqual(['a: two']);
  expect(beat).toHaveBeenCalledTimes(1);
});

test('another number of members is told once', async () => {
  const { beats, said } = await begin('a');
  await store.beat('b', '');
  await store.beat('c', '');
  await vi.advanceTimersByTimeAsync(20_000);
  expect([beats.members, said.members]).toEqual([3, [3]]);
});

test('a beat that failed is made again soon, and says nothing in the log', async () => {
  const { beats, said } = await begin('a');
  const beat = vi.spyOn(store, 'beat').mockRejectedValue(new Error('away'));
  await vi.advanceTimersByTimeAsync(2_100);
  expect(beat).toHaveBeenCalledTimes(5);
  expect(beats.failing).toEqual({ since: expect.any(Number), why: 'away' });
  beat.mockRestore();
  await vi.advanceTimersByTimeAsync(500);
  expect(await infos()).toEqual(['a: one']);
  expect([said.lines, beats.members, beats.failing]).toEqual([[], 1, undefined]);
});

test('a member that ends is gone at once; one with a successor is not', async () => {
  const { beats: before } = await begin('a');
  const { beats: successor } = await begin('a');
  await vi.advanceTimersByTimeAsync(100);
  before.end();
  await before.leave();
  expect(await infos()).toEqual(['a: one']);
  await successor.leave();
  expect(await infos()).toEqual([]);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(await infos()).toEqual([]);
});

test('a beat that is being made when a member ends does not let it live again', async () => {
  const time = Promise.withResolvers<number>();
  const asked = vi.spyOn(store, 'time').mockReturnValue(time.promise);
  const { beats } = await begin('a');
  await vi.advanceTimersByTimeAsync(100);
  await beats.leave();
  time.resolve(0);
  asked.mockRestore();
  await vi.advanceTimersByTimeAsync(0);
  expect(await infos()).toEqual([]);
});

test('a start without the store knows how many members there were', async () => {
  const state = join(folder, 'state', 'cluster');
  const { beats: first } = await begin('a', { state });
  await store.beat('b', '');
  await vi.advanceTimersByTimeAsync(100);
  await vi.waitFor(async () => {
    expect(JSON.parse(await readFile(join(state, 'members.json'), 'utf8'))).toEqual({ members: 2 });
  });
  first.end();
  await store.close();
  const { beats } = await begin('a', { state });
  expect(beats.members).toBe(2);
});

test('a state folder that cannot be used is said once, and changes nothing', async () => {
  const state = join(folder, 'file');
  await writeFile(state, '');
  const { beats, said } = await begin('a', { state });
  await store.beat('b', '');
  await vi.advanceTimersByTimeAsync(100);
  await store.beat('c', '');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(beats.members).toBe(3);
  await vi.waitFor(() => {
    expect(said.lines).toEqual(['cluster: the number of members cannot be written to its state folder']);
  });
});

test('two programs of one name find it out, and that it is over', async () => {
  const { said } = await begin('a');
  const { beats: other, said: saidByOther } = await begin('a');
  await begin('b');
  await vi.advanceTimersByTimeAsync(30_000);
  expect([said.names, saidByOther.names]).toEqual([[true], [true]]);
  other.end();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(said.names).toEqual([true, false]);
});

test('a program that is started anew under its name is no other one', async () => {
  const { beats: before } = await begin('a');
  await vi.advanceTimersByTimeAsync(30_000);
  before.end();
  const { said } = await begin('a');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(said.names).toEqual([]);
});
