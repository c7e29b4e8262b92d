import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { inetAddr } from '../base/address.ts';
import { ProxyError } from '../base/errors.ts';
import { boundedStep, type StepEnd } from './bounded-step.ts';

const remote = inetAddr('192.0.2.1', 80)!;
const tooLate = new ProxyError('connection_timeout', 'Too late.');

/** Begins a step, and shows what happens to it. */
function begun(signals: readonly AbortSignal[] = [], whileBeginning: () => void = () => {}) {
  const seen = { timers: 0, dropped: [] as ProxyError[], began: false };
  let end: StepEnd<string> | undefined;
  const outcome = boundedStep<string>(remote, signals, {
    begin(ending) {
      seen.began = true;
      end = ending;
      whileBeginning();
    },
    drop: (reason) => void seen.dropped.push(reason),
    startTimer: () => void (seen.timers += 1),
    stopTimer: () => void (seen.timers -= 1),
    timeUp: () => tooLate,
  });
  outcome.catch(() => undefined);
  return { outcome, seen, end: end!, expire: () => end!.expired() };
}

test('a step that ends in time leaves no timer and no listener, and is not dropped', async () => {
  const { signal } = new AbortController();
  const { outcome, seen, end } = begun([signal]);
  expect([seen.timers, getEventListeners(signal, 'abort').length]).toEqual([1, 1]);
  expect(end.done('result')).toBe(true);
  expect(await outcome).toBe('result');
  expect(seen).toEqual({ timers: 0, dropped: [], began: true });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('a step whose time is up is dropped with the error that its promise rejects with, once', async () => {
  const controller = new AbortController();
  const { outcome, seen, end, expire } = begun([controller.signal]);
  expire();
  controller.abort();
  await expect(outcome).rejects.toBe(tooLate);
  expect(seen).toEqual({ timers: 0, dropped: [tooLate], began: true });
  // What it brings later is still its caller's.
  expect(end.done('late')).toBe(false);
});

test('a step is dropped and not begun when a signal is aborted already', async () => {
  const { outcome, seen } = begun([AbortSignal.abort()]);
  const error = await outcome.catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'connection_terminated', address: remote });
  expect(seen).toEqual({ timers: 0, dropped: [error], began: false });
});

test('a step that is cancelled while it begins is dropped', async () => {
  const controller = new AbortController();
  const { outcome, seen } = begun([controller.signal], () => controller.abort());
  await expect(outcome).rejects.toMatchObject({ code: 'connection_terminated' });
  expect(seen).toMatchObject({ timers: 0, dropped: [{ code: 'connection_terminated' }] });
});

test('a step that cannot begin rejects', async () => {
  const { outcome } = begun([], () => {
    throw tooLate;
  });
  await expect(outcome).rejects.toBe(tooLate);
});
