import { expect, test } from 'vitest';
import { AwaitedAnswers } from './awaited-answers.ts';

const LONG = 60_000;

test('each question gets its own answer, whichever comes first', async () => {
  const answers = new AwaitedAnswers<string>();
  const sent: number[] = [];
  const ask = (): Promise<string | undefined> => answers.ask(LONG, (number) => sent.push(number));
  const [first, second] = [ask(), ask()];
  answers.answered(sent[1] ?? 0, 'to the second');
  answers.answered(sent[0] ?? 0, 'to the first');
  expect(await Promise.all([first, second])).toEqual(['to the first', 'to the second']);
});

test('a question ends without an answer in time, and when none comes any more', async () => {
  const answers = new AwaitedAnswers<string>();
  let late = 0;
  expect(await answers.ask(0, (number) => (late = number))).toBeUndefined();
  answers.answered(late, 'too late');
  const open = answers.ask(LONG, () => undefined);
  answers.end();
  expect(await open).toBeUndefined();
});

test('a question that cannot be sent is not open', async () => {
  const answers = new AwaitedAnswers<string>();
  const failed = answers.ask(LONG, () => {
    throw new Error('The channel is closed.');
  });
  await expect(failed).rejects.toThrow('The channel is closed.');
});
