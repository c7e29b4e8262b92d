import { expect, test } from 'vitest';
import { inetAddr } from '../base/address.ts';
import { isOnThisMachine } from './loopback.ts';

test('a loopback address and a unix socket are on this machine, and nothing else is', () => {
  expect(isOnThisMachine({ family: 'unix', path: '' })).toBe(true);
  for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) {
    expect(isOnThisMachine(inetAddr(address, 1)!), address).toBe(true);
  }
  for (const address of ['10.0.0.1', '192.168.1.1', '8.8.8.8', 'fd00::1', 'fe80::1', '64:ff9b::7f00:1']) {
    expect(isOnThisMachine(inetAddr(address, 1)!), address).toBe(false);
  }
});
