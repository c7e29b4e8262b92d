import { ClientNetworks, type SockAddr } from '@inband/core';

const networks = new ClientNetworks();

/** Whose guesses and questions are counted together: an IPv4 address, a /64 of IPv6, and all clients of Unix sockets. */
export function networkOf(client: SockAddr): string {
  return networks.networkOf(client) ?? 'unix';
}
