import { inetAddr, type Logger } from '@inband/core';
import { expect, test } from 'vitest';
import { FailureLines } from './failure-lines.ts';

test('ten failures in a second have a line, and the first one after that says how many had none', () => {
  const lines: object[] = [];
  const logger: Pick<Logger, 'info'> = { info: (fields: object) => void lines.push(fields) };
  let now = 5_000;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only what is used
  const failures = new FailureLines(logger as Logger, () => now);
  const client = inetAddr('192.0.2.1', 50_000)!;
  const fail = (): void =>
    failures.log({ client, listener: client, serverName: undefined, why: 'No.', alert: undefined });
  for (let count = 0; count < 25; count += 1) fail();
  expect(lines).toHaveLength(10);
  now += 1_000;
  fail();
  fail();
  expect(lines.slice(10)).toMatchObject([{ unmentioned: 15, why: 'No.' }, { why: 'No.' }]);
  expect(lines[11]).not.toHaveProperty('unmentioned');
});
