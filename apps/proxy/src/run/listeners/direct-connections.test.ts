import { inetAddr, type Logger } from '@inband/core';
import { expect, test } from 'vitest';
import { DIRECT, directConnections } from './direct-connections.ts';
import { silentLogger } from '../../log/logging.ts';

const remote = inetAddr('10.0.0.7', 4321)!;
const local = inetAddr('fd00::1', 3129)!;

function setUp() {
  const lines: object[] = [];
  const logger: Logger = { ...silentLogger, warn: (fields, message) => void lines.push({ ...fields, message }) };
  let time = 1_000_000;
  const hear = directConnections(logger, 'guard', () => time);
  return { lines, hear, pass: (milliseconds: number) => void (time += milliseconds) };
}

test('a direct connection is logged with who, where, and what to do', () => {
  const { lines, hear } = setUp();
  hear({ remote, local, destination: local });
  const common = { client: '10.0.0.7:4321', local: '[fd00::1]:3129', service: 'guard', message: DIRECT };
  expect(lines).toEqual([{ ...common, destination: '[fd00::1]:3129' }]);
});

test('what the kernel does not know is left out', () => {
  const { lines, hear } = setUp();
  hear({ remote, local, destination: undefined });
  expect(lines).toHaveLength(1);
  expect(lines[0]).not.toHaveProperty('destination');
});

test('a flood gets one line a second, with how many it stands for', () => {
  const { lines, hear, pass } = setUp();
  for (let count = 0; count < 100; count += 1) hear({ remote, local, destination: undefined });
  expect(lines).toHaveLength(1);
  expect(lines[0]).not.toHaveProperty('unmentioned');
  pass(1_000);
  hear({ remote, local, destination: undefined });
  expect(lines).toMatchObject([{}, { unmentioned: 99 }]);
  pass(1_000);
  hear({ remote, local, destination: undefined });
  expect(lines[2]).not.toHaveProperty('unmentioned');
});
