import type { InetAddr, SockAddr } from '../base/address.ts';
import { parseIp } from '../base/ip.ts';
import { isOnThisMachine } from '../zones/loopback.ts';

/**
 * Why an address cannot be that of a client of the proxy `peer`, though that says so; the end of a sentence. Undefined where it can be. What is
 * loopback on another machine must not be taken for this one, whose clients may do more.
 */
export function toldAddressProblem(told: InetAddr, peer: SockAddr): string | undefined {
  const bytes = parseIp(told.address);
  if (bytes === undefined || isNoClients(bytes)) return `${told.address} is no address of a client`;
  if (!isOnThisMachine(told) || isOnThisMachine(peer)) return undefined;
  return `${told.address} is an address of the machine that says so, and not of a client`;
}

/** This network, multicast, and what is above that, broadcast included. */
function isNoClients(bytes: Uint8Array): boolean {
  if (bytes.length === 4) return bytes[0] === 0 || bytes[0]! >= 224;
  return bytes[0] === 0xff || bytes.every((byte) => byte === 0);
}
