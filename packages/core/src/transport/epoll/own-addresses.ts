import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { InetAddr } from '../../base/address.ts';
import { parseIp } from '../../base/ip.ts';
import { isListedAddress } from '../listed-address.ts';
import type { System } from './system/system.ts';

const { EADDRNOTAVAIL } = constants.errno;

/**
 * Whether `address` is one of this machine's own, as of now, so that what is sent there comes back here. The kernel says so by
 * letting a socket be bound to it. That includes interfaces that are down and whole local networks (127.0.0.0/8). It takes
 * three system calls, which is too much for every connection. In doubt the answer is yes.
 */
export function isOwnAddress(system: Pick<System, 'bind' | 'close' | 'socket'>, address: InetAddr): boolean {
  // No router forwards these, so a packet to one was meant for this machine.
  if (isLinkLocal6(address)) return true;
  if (bindsToAnything(address.family)) return isListedAddress(address);
  const descriptor = system.socket(address.family);
  if (descriptor < 0) return true;
  const result = system.bind(descriptor, { ...address, port: 0 });
  system.close(descriptor);
  return result !== -EADDRNOTAVAIL;
}

function isLinkLocal6({ family, address }: InetAddr): boolean {
  if (family !== 'inet6') return false;
  const [first = 0, second = 0] = parseIp(address) ?? [];
  return first === 0xfe && (second & 0xc0) === 0x80;
}

/**
 * Whether the system lets a socket be bound to any address, as machines are set up that take over each other's addresses. Then
 * binding says nothing, and the second best answer is used, which misses interfaces that are down.
 */
function bindsToAnything(family: 'inet' | 'inet6'): boolean {
  const version = family === 'inet' ? 'ipv4' : 'ipv6';
  try {
    return readFileSync(`/proc/sys/net/${version}/ip_nonlocal_bind`, 'latin1').trim() !== '0';
  } catch {
    return false;
  }
}
