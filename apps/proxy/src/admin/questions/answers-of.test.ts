import { expect, test } from 'vitest';
import { answersOf } from './answers-of.ts';

const problem = { status: 404, title: 'There is none' };

test('those that did not answer are missing, and so is one that could not while others could', () => {
  const outcomes = [
    { worker: 1, outcome: { answer: 'one' } },
    { worker: 2, outcome: undefined },
    { worker: 3, outcome: { problem } },
  ];
  expect(answersOf(outcomes)).toEqual({ answers: [{ worker: 1, answer: 'one' }], missing: [2, 3] });
});

test('a problem of all that answered is thrown', () => {
  const outcomes = [
    { worker: 1, outcome: { problem } },
    { worker: 2, outcome: undefined },
  ];
  expect(() => answersOf(outcomes)).toThrow(expect.objectContaining({ problem }));
});

test('who does not answer is missing, also where nobody does', () => {
  expect(answersOf([{ worker: 1, outcome: undefined }])).toEqual({ answers: [], missing: [1] });
});
