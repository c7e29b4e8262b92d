import { expect, test, vi } from 'vitest';
import { isListedAddress } from './listed-address.ts';

const asked = vi.hoisted(() => ({ interfaces: vi.fn<() => object>() }));
vi.mock('node:os', () => ({ networkInterfaces: asked.interfaces }));

test('an address of an interface is our own, and another is not', () => {
  asked.interfaces.mockReturnValue({ eth0: [{ address: '192.0.2.1' }] });
  expect(isListedAddress({ family: 'inet', address: '192.0.2.1', port: 80 })).toBe(true);
  expect(isListedAddress({ family: 'inet', address: '192.0.2.2', port: 80 })).toBe(false);
});

test('when nobody can say, for lack of descriptors, the answer is yes', () => {
  asked.interfaces.mockImplementation(() => {
    throw new Error('uv_interface_addresses returned Unknown system error 24');
  });
  expect(isListedAddress({ family: 'inet', address: '192.0.2.2', port: 80 })).toBe(true);
});
