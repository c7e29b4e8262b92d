import os, { type NetworkInterfaceInfo } from 'node:os';
import { expect, test } from 'vitest';
import { replaceBuiltin } from '../../../../test/support/replace-builtin.ts';
import { isListedAddress } from './listed-address.ts';

test('an address of an interface is our own, and another is not', () => {
  const eth0 = [{ address: '192.0.2.1' } as NetworkInterfaceInfo];
  replaceBuiltin(os, { networkInterfaces: () => ({ eth0 }) });
  expect(isListedAddress({ family: 'inet', address: '192.0.2.1', port: 80 })).toBe(true);
  expect(isListedAddress({ family: 'inet', address: '192.0.2.2', port: 80 })).toBe(false);
});

test('when nobody can say, for lack of descriptors, the answer is yes', () => {
  replaceBuiltin(os, {
    networkInterfaces: () => {
      throw new Error('uv_interface_addresses returned Unknown system error 24');
    },
  });
  expect(isListedAddress({ family: 'inet', address: '192.0.2.2', port: 80 })).toBe(true);
});
