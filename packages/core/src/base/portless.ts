import type { InetAddr } from './address.ts';

const known = new WeakMap<InetAddr, InetAddr>();

/** The same address with port 0, to bind to. For one address object it is always one object. */
export function portless(address: InetAddr): InetAddr {
  if (address.port === 0) return address;
  let made = known.get(address);
  if (made === undefined) known.set(address, (made = { ...address, port: 0 }));
  return made;
}
