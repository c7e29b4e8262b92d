import type { SockAddr } from '../base/address.ts';
import { parseIp } from '../base/ip.ts';
import { plainMembership } from './builtin-zones.ts';

/** Whether the address is on this machine: a loopback address or a Unix socket. */
export function isOnThisMachine(address: SockAddr): boolean {
  if (address.family === 'unix') return true;
  const bytes = parseIp(address.address);
  return bytes !== undefined && plainMembership(bytes).zone === 'loopback';
}
