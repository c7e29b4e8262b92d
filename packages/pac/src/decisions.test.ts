import { expect, test } from 'vitest';
import { Decisions } from './decisions.ts';

/** A file whose calls are answered by the test. */
class Asked {
  readonly calls: {
    readonly url: string;
    readonly answer: (text: string) => void;
    readonly fail: (error: Error) => void;
  }[] = [];

  find(url: string): Promise<string> {
    return new Promise((answer, fail) => this.calls.push({ url, answer, fail }));
  }
}

function setUp() {
  const file = new Asked();
  const clock = { now: 0 };
  const understand = (text: string): string[] => {
    if (text === '') throw new Error('nothing');
    return text.split(';');
  };
  return { file, clock, decisions: new Decisions(file, understand, () => clock.now) };
}

test('an answer is asked for once, and kept for a minute as what was understood of it', async () => {
  const { file, clock, decisions } = setUp();
  const both = [decisions.find('http://a/', 'a'), decisions.find('http://a/', 'a')];
  expect(file.calls).toHaveLength(1);
  file.calls[0]?.answer('A;B');
  expect([await both[0], await both[1]]).toEqual([
    ['A', 'B'],
    ['A', 'B'],
  ]);
  clock.now = 59_999;
  expect(decisions.find('http://a/', 'a')).toEqual(['A', 'B']);
  clock.now = 60_000;
  expect(decisions.find('http://a/', 'a')).toBeInstanceOf(Promise);
  expect(file.calls).toHaveLength(2);
  expect(decisions.find('https://a/', 'a')).toBeInstanceOf(Promise);
  expect(file.calls).toHaveLength(3);
});

test('a failure is kept for five seconds', async () => {
  const { file, clock, decisions } = setUp();
  const first = decisions.find('http://a/', 'a');
  file.calls[0]?.fail(new Error('slow'));
  await expect(first).rejects.toThrow('slow');
  await expect(decisions.find('http://a/', 'a')).rejects.toThrow('slow');
  clock.now = 5_000;
  const again = decisions.find('http://a/', 'a');
  file.calls[1]?.answer('');
  await expect(again).rejects.toThrow('nothing');
});

test('when the file changes all answers are forgotten, and those on their way are not kept', async () => {
  const { file, decisions } = setUp();
  const old = decisions.find('http://a/', 'a');
  decisions.clear();
  const young = decisions.find('http://a/', 'a');
  file.calls[0]?.answer('OLD');
  file.calls[1]?.answer('NEW');
  expect(await old).toEqual(['OLD']);
  expect(await young).toEqual(['NEW']);
  expect(decisions.find('http://a/', 'a')).toEqual(['NEW']);
});

test('the oldest of ten thousand answers goes for another one', async () => {
  const { file, decisions } = setUp();
  for (let host = 0; host <= 10_000; host += 1) {
    const found = decisions.find(`http://${host}/`, `${host}`);
    file.calls.at(-1)?.answer('A');
    await found;
  }
  expect(decisions.find('http://1/', '1')).toEqual(['A']);
  expect(decisions.find('http://0/', '0')).toBeInstanceOf(Promise);
});
