import type { SockAddr } from '../address.ts';
import { parseIp } from '../ip.ts';
import { plainMembership } from './builtin-zones.ts';

/** Whether whoever has this address is on this machine: a loopback address, or a unix socket. */
export function isOnThisMachine(address: SockAddr): boolean {
  if (address.family === 'unix') return true;
  const octets = parseIp(address.address);
  return octets !== undefined && plainMembership(octets).zone === 'loopback';
}
