import { inetAddr, type InetAddr, type Resolution } from '@inband/core';

/**
 * Most attempts for one name, because a name can have hundreds of addresses, and all of them would be dialled.
 */
export const MAX_ATTEMPTS = 16;

/**
 * The addresses of an answer in the order in which they are tried: alternating between families, beginning with the
 * family of the first address (RFC 8305 section 4). With `family`, only addresses of that one, for a local address of that family.
 */
export function attemptOrder(resolution: Resolution, port: number, family?: InetAddr['family']): InetAddr[] {
  const found = new Map<string, InetAddr>();
  for (const { address } of resolution.addresses) {
    const addr = inetAddr(address, port);
    if (addr !== undefined && (family === undefined || addr.family === family)) found.set(addr.address, addr);
  }
  const all = [...found.values()];
  const first = all.filter((addr) => addr.family === all[0]?.family);
  const second = all.filter((addr) => addr.family !== all[0]?.family);
  const rounds = Math.max(first.length, second.length);
  const order: InetAddr[] = [];
  for (let round = 0; round < rounds; round += 1)
    order.push(...first.slice(round, round + 1), ...second.slice(round, round + 1));
  return order.slice(0, MAX_ATTEMPTS);
}

/** `remotes` with the given one moved to the front; unchanged when it is not among them. */
export function withFirst(remotes: readonly InetAddr[], winner: InetAddr): readonly InetAddr[] {
  const index = remotes.findIndex((remote) => remote.address === winner.address);
  return index <= 0 ? remotes : [remotes[index]!, ...remotes.slice(0, index), ...remotes.slice(index + 1)];
}
