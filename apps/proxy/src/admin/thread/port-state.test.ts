import { expect, onTestFinished, test, vi } from 'vitest';
import type { FromThread } from '../messages/messages.ts';
import { PortState } from './port-state.ts';

type Question = Extract<FromThread, { type: 'question' }>;

function create() {
  const posted: FromThread[] = [];
  const state = new PortState({ postMessage: (message: FromThread) => void posted.push(message) });
  const questions = () => posted.filter((message): message is Question => message.type === 'question');
  return { state, posted, questions };
}

test('a question is answered by its id, whatever the order', async () => {
  const { state, questions } = create();
  const reload = state.ask('reload', { by: 'ann' });
  const drain = state.ask('drain', { by: 'ann' });
  const [first, second] = questions();
  expect(first).toMatchObject({ question: 'reload', argument: { by: 'ann' } });
  state.answered({ type: 'answer', id: second?.id ?? 0, answer: 'drained' });
  state.answered({ type: 'answer', id: first?.id ?? 0, answer: 'reloaded' });
  expect(await Promise.all([reload, drain])).toEqual(['reloaded', 'drained']);
});

test('who asks the same meanwhile gets the same answer, and who asks later a new one', async () => {
  const { state, questions } = create();
  const asked = [state.ask('health', undefined), state.ask('health', undefined)];
  expect(questions()).toHaveLength(1);
  state.answered({ type: 'answer', id: questions()[0]?.id ?? 0, answer: 'well' });
  expect(await Promise.all(asked)).toEqual(['well', 'well']);
  void state.ask('health', undefined);
  expect(questions()).toHaveLength(2);
  state.answered({ type: 'answer', id: questions()[1]?.id ?? 0 });
});

test('what is asked for with an argument is done each time', () => {
  const { state, questions } = create();
  for (let count = 0; count < 2; count += 1) void state.ask('reload', { by: 'ann' });
  expect(questions()).toHaveLength(2);
  for (const { id } of questions()) state.answered({ type: 'answer', id });
});

test('a problem is thrown', async () => {
  const { state, questions } = create();
  const asked = state.ask('health', undefined);
  const problem = { status: 422, title: 'No', setting: 'workers' };
  state.answered({ type: 'answer', id: questions()[0]?.id ?? 0, problem });
  await expect(asked).rejects.toMatchObject({ problem });
});

test('after two seconds without an answer it is a 503, and an answer that comes later is ignored', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { state, questions } = create();
  const asked = state.ask('health', undefined).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await asked).toMatchObject({ problem: { status: 503, detail: 'The proxy did not answer within 2 s.' } });
  state.answered({ type: 'answer', id: questions()[0]?.id ?? 0, answer: 'late' });
});

test('at most 64 questions wait; the next one is a 503 at once', async () => {
  const { state, questions } = create();
  const waiting = Array.from({ length: 64 }, () => state.ask('drain', { by: 'ann' }));
  await expect(state.ask('drain', { by: 'ann' })).rejects.toMatchObject({ problem: { status: 503 } });
  for (const { id } of questions()) state.answered({ type: 'answer', id, answer: 'done' });
  await Promise.all(waiting);
  void state.ask('drain', { by: 'ann' });
  expect(questions()).toHaveLength(65);
  state.answered({ type: 'answer', id: questions()[64]?.id ?? 0 });
});

test('whether the proxy is ready is asked for also while others wait, once at a time', async () => {
  const { state, questions } = create();
  const waiting = Array.from({ length: 64 }, () => state.ask('drain', { by: 'ann' }));
  const health = [state.ask('health', undefined), state.ask('health', undefined)];
  expect(questions()).toHaveLength(65);
  for (const { id } of questions()) state.answered({ type: 'answer', id, answer: 'done' });
  expect(await Promise.all([...waiting, ...health])).toHaveLength(66);
});

test('at most 16 explanations wait, and whoever drains does not', async () => {
  const { state, questions } = create();
  const explain = () => state.ask('explain', { url: 'http://slow.example/' });
  const waiting: Promise<unknown>[] = Array.from({ length: 16 }, explain);
  await expect(explain()).rejects.toMatchObject({ problem: { status: 503 } });
  waiting.push(state.ask('drain', { by: 'ann' }));
  expect(questions()).toHaveLength(17);
  for (const { id } of questions()) state.answered({ type: 'answer', id, answer: 'done' });
  expect(await Promise.all(waiting)).toHaveLength(17);
});

test('a question that no message can hold fails at once, and nothing waits for it', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const state = new PortState({
    postMessage() {
      throw new RangeError('too deep');
    },
  });
  await expect(state.ask('health', undefined)).rejects.toThrow('too deep');
  expect(vi.getTimerCount()).toBe(0);
});

test('where nothing is counted there are no metrics, and it says what to do', () => {
  const { state } = create();
  const problem = { status: 503, title: 'Nothing is counted', setting: 'metrics' };
  expect(() => state.metrics(undefined)).toThrow(
    expect.objectContaining({ problem: expect.objectContaining(problem) }),
  );
  expect(() => state.stats()).toThrow(expect.objectContaining({ problem: expect.objectContaining(problem) }));
});
