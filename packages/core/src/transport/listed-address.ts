import { networkInterfaces } from 'node:os';
import { inetAddr, type InetAddr } from '../base/address.ts';

/**
 * Whether an interface that is up has `address`, or it is in 127.0.0.0/8. This is the best answer without asking the kernel. In
 * doubt the answer is yes.
 */
export function isListedAddress({ address }: InetAddr): boolean {
  if (address.startsWith('127.')) return true;
  try {
    return Object.values(networkInterfaces()).some((interfaces) =>
      interfaces?.some((one) => inetAddr(one.address, 0)?.address === address),
    );
  } catch {
    // It takes a descriptor, and none is left.
    return true;
  }
}
