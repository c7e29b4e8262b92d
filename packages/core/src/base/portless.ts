import type { InetAddr } from './address.ts';

const known = new WeakMap<InetAddr, InetAddr>();

/** The same address with port 0, to bind to. The same object for the same `address` object, so that caches by object hit. */
export function portless(address: InetAddr): InetAddr {
  if (address.port === 0) return address;
  let made = known.get(address);
  if (made === undefined) known.set(address, (made = { ...address, port: 0 }));
  return made;
}
