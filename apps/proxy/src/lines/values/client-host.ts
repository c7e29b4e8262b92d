import { formatSockAddr, type SockAddr } from '@inband/core';
import { safeWord } from './safe-text.ts';

/** The address of a client without its port. */
export function hostOf(address: SockAddr): string {
  return safeWord(address.family === 'unix' ? formatSockAddr(address) : address.address);
}
