import { expect, test } from 'vitest';
import { IllegalStepError, nextReading, nextWriting } from './connection-state.ts';
import type { Reading, ReadingStep, Writing, WritingStep } from './connection-state.ts';

/** Where each step leads from each state. What is left out is refused: thrown in checked mode, without effect otherwise. */
const READING: Record<Reading, Partial<Record<ReadingStep, Reading>>> = {
  open: { 'hang-up': 'eof-pending', bytes: 'open', eof: 'ended' },
  'eof-pending': { 'hang-up': 'eof-pending', bytes: 'eof-pending', eof: 'ended' },
  ended: { 'hang-up': 'ended' },
};
const READING_STEPS: readonly ReadingStep[] = ['hang-up', 'bytes', 'eof'];

const WRITING: Record<Writing, Partial<Record<WritingStep, Writing>>> = {
  open: { end: 'ending', 'end-last': 'closing', fail: 'failed' },
  ending: { 'all-sent': 'fin-sent', fail: 'failed' },
  closing: { 'all-sent': 'fin-sent', fail: 'failed' },
  'fin-sent': { fail: 'failed' },
  failed: {},
};
const WRITING_STEPS: readonly WritingStep[] = ['end', 'end-last', 'all-sent', 'fail'];

function typedKeys<Key extends string>(table: Record<Key, unknown>): Key[] {
  return Object.keys(table) as Key[];
}

const readingSteps = typedKeys(READING).flatMap((from) =>
  READING_STEPS.map((step) => ({ from, step, to: READING[from][step] ?? 'refused' }) as const),
);
const writingSteps = typedKeys(WRITING).flatMap((from) =>
  WRITING_STEPS.map((step) => ({ from, step, to: WRITING[from][step] ?? 'refused' }) as const),
);

test.each(readingSteps)('reading that is $from: the step $step leads to $to', ({ from, step, to }) => {
  expect(nextReading(from, step, false)).toBe(to === 'refused' ? from : to);
  if (to === 'refused') expect(() => nextReading(from, step, true)).toThrow(IllegalStepError);
  else expect(nextReading(from, step, true)).toBe(to);
});

test.each(writingSteps)('writing that is $from: the step $step leads to $to', ({ from, step, to }) => {
  expect(nextWriting(from, step, false)).toBe(to === 'refused' ? from : to);
  if (to === 'refused') expect(() => nextWriting(from, step, true)).toThrow(IllegalStepError);
  else expect(nextWriting(from, step, true)).toBe(to);
});

test('a step that is refused is named with the state that it met', () => {
  expect(() => nextReading('ended', 'bytes', true)).toThrow(
    "The epoll transport is broken: 'bytes' cannot happen while reading is 'ended'",
  );
  expect(() => nextWriting('fin-sent', 'end', true)).toThrow(
    "The epoll transport is broken: 'end' cannot happen while writing is 'fin-sent'",
  );
});
