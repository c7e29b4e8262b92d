import { expect, test } from 'vitest';
import { processorTime } from '../../../../../test/support/tiers/processor-time.ts';
import { requestHead, responseHead } from '../../../test-support/heads.ts';
import { switchesAsAsked } from './upgrade.ts';

function switches(asked: string | undefined, offered: string | undefined): boolean {
  const ask = asked === undefined ? '' : `Connection: Upgrade\r\nUpgrade: ${asked}\r\nSec-WebSocket-Key: k\r\n`;
  const offer = offered === undefined ? '' : `Connection: Upgrade\r\nUpgrade: ${offered}\r\n`;
  return switchesAsAsked(
    requestHead(`GET / HTTP/1.1\r\nHost: h\r\n${ask}\r\n`),
    responseHead(`HTTP/1.1 101 x\r\n${offer}\r\n`),
  );
}

test('a switch must be to exactly one of the protocols that were asked for', () => {
  expect(switches('websocket', 'WebSocket')).toBe(true);
  expect(switches('a, b', 'b')).toBe(true);
  expect(switches('a', 'b')).toBe(false);
  expect(switches('a, b', 'a, b')).toBe(false);
  expect(switches('a', 'a, x')).toBe(false);
  expect(switches(undefined, 'a')).toBe(false);
  expect(switches('a', undefined)).toBe(false);
  expect(switches('a', ',')).toBe(false);
});

test('comparing lists without end on both sides takes no time', () => {
  const took = processorTime(() => expect(switches('a,'.repeat(30_000), 'b,'.repeat(30_000))).toBe(false));
  expect(took).toBeLessThan(500);
});
