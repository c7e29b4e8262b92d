import { constants } from 'node:os';
import type { InetAddr } from '../../base/address.ts';
import { IP_TRANSPARENT, IPV6_TRANSPARENT } from './system/system.ts';
import type { SocketOption, System } from './system/system.ts';

const { EPERM } = constants.errno;

/** What lets a socket of that family use addresses that are not this machine's. */
export function transparentOption(family: InetAddr['family']): SocketOption {
  return family === 'inet' ? IP_TRANSPARENT : IPV6_TRANSPARENT;
}

/**
 * Why this process cannot use addresses that are not this machine's, in one sentence; undefined when it can. It is tried on a
 * spare socket, because user namespaces and security modules make any other answer a guess.
 */
export function transparencyProblem(system: Pick<System, 'close' | 'setOption' | 'socket'>): string | undefined {
  const descriptor = system.socket('inet');
  if (descriptor < 0) return `This system has no socket to try it with (errno ${-descriptor}).`;
  const result = system.setOption(descriptor, IP_TRANSPARENT, 1);
  system.close(descriptor);
  if (result === 0) return undefined;
  if (result === -EPERM) {
    return 'This process lacks the privilege CAP_NET_ADMIN (CAP_NET_RAW will do as well); run it as root, or grant it: setcap cap_net_admin+ep, or AmbientCapabilities=CAP_NET_ADMIN in a systemd unit.';
  }
  return `The kernel refuses IP_TRANSPARENT (errno ${-result}).`;
}
