import { inetAddr, type InetAddr, type Resolution } from '@inband/core';

/**
 * Attempts for one name. Whoever controls a name can give it hundreds of addresses, and we would knock on all of them.
 */
export const MAX_ATTEMPTS = 16;

/**
 * The addresses of an answer in the order in which they are tried: families take turns, beginning with the one the
 * resolver put first (RFC 8305 section 4). With a `family`, only that one: a local address can reach no other.
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
  const turns = Math.max(first.length, second.length);
  const order: InetAddr[] = [];
  for (let turn = 0; turn < turns; turn += 1)
    order.push(...first.slice(turn, turn + 1), ...second.slice(turn, turn + 1));
  return order.slice(0, MAX_ATTEMPTS);
}

/** `remotes` with the given one moved to the front; unchanged when it is not among them. */
export function withFirst(remotes: readonly InetAddr[], winner: InetAddr): readonly InetAddr[] {
  const index = remotes.findIndex((remote) => remote.address === winner.address);
  return index <= 0 ? remotes : [remotes[index]!, ...remotes.slice(0, index), ...remotes.slice(index + 1)];
}
