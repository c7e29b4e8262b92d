import { inetAddr, type InetAddr, type SockAddr } from '../base/address.ts';
import type { Transport } from '../base/connection.ts';
import { embeddedIpv4, formatIp, parseIp } from '../base/ip.ts';
import { BoundedMemo } from '../base/bounded-memo.ts';
import { iterationTime } from '../base/iteration-clock.ts';

/** Milliseconds for which it is cached whether an address is this machine's, because addresses come and go. */
const REMEMBERED = 1_000;
const REMEMBERED_ADDRESSES = 256;

/** The addresses that connecting to an unspecified address reaches. */
const UNSPECIFIED: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** Says which addresses are this machine's. */
type Machine = Pick<Transport, 'isOwnAddress'>;

/**
 * The addresses of this proxy's listeners, which its workers share. A client that was allowed to connect to one of them would
 * come back as the proxy itself, with other rules, and could do so without end.
 */
export class OwnListeners {
  readonly #byPort = new Map<number, InetAddr[]>();
  /** How many listeners have each path: a second one is announced before it is known that it cannot be opened. */
  readonly #paths = new Map<string, number>();
  readonly #machine = new BoundedMemo<string, { readonly own: boolean; readonly until: number }>(REMEMBERED_ADDRESSES);

  /** Adds the address of a listener. Returns the function that removes it. */
  add(address: SockAddr): () => void {
    if (address.family === 'unix') return this.#addPath(address.path);
    const { port } = address;
    // A copy, because the same object may be added twice.
    const own = { ...address };
    this.#byPort.set(port, [...(this.#byPort.get(port) ?? []), own]);
    return () => {
      const left = this.#byPort.get(port)?.filter((other) => other !== own) ?? [];
      if (left.length === 0) this.#byPort.delete(port);
      else this.#byPort.set(port, left);
    };
  }

  #addPath(path: string): () => void {
    let isAdded = true;
    this.#paths.set(path, (this.#paths.get(path) ?? 0) + 1);
    return () => {
      const left = (this.#paths.get(path) ?? 0) - Number(isAdded);
      isAdded = false;
      if (left > 0) this.#paths.set(path, left);
      else this.#paths.delete(path);
    };
  }

  /**
   * Whether one of the listeners would accept a connection to `remote`. A listener on all addresses accepts on each that the
   * machine has now.
   */
  accept(remote: SockAddr, machine: Machine): boolean {
    if (remote.family === 'unix') return this.#paths.has(remote.path);
    // The usual case: no listener has that port.
    const listeners = this.#byPort.get(remote.port);
    if (listeners === undefined) return false;
    return waysTo(remote).some((way) => listeners.some((listener) => this.#accepts(listener, way, machine)));
  }

  #accepts(listener: InetAddr, way: InetAddr, machine: Machine): boolean {
    if (listener.address === way.address) return true;
    return isOnAll(listener, way) && this.#isOwn(way, machine);
  }

  /** The address of a listener because of which no other one can be opened on `bind`. */
  inTheWayOf(bind: SockAddr): SockAddr | undefined {
    if (bind.family === 'unix') return this.#paths.has(bind.path) ? bind : undefined;
    const isInTheWay = (own: InetAddr): boolean =>
      own.address === bind.address || isOnAll(own, bind) || isOnAll(bind, own);
    return this.#byPort.get(bind.port)?.find(isInTheWay);
  }

  #isOwn(way: InetAddr, machine: Machine): boolean {
    const key = `${way.address} ${way.port}`;
    const now = iterationTime();
    const known = this.#machine.get(key);
    if (known !== undefined && known.until > now) return known.own;
    const own = machine.isOwnAddress?.(way) ?? true;
    this.#machine.set(key, { own, until: now + REMEMBERED });
    return own;
  }
}

/** Whether a listener has all addresses, that of `other` among them. One on all IPv6 addresses is one on all IPv4 addresses, too. */
function isOnAll({ address }: InetAddr, other: InetAddr): boolean {
  return address === '::' || (address === '0.0.0.0' && other.family === 'inet');
}

/** The address itself, and the IPv4 addresses that translators make of it (NAT64, 6to4), which may be this machine's. */
function waysTo(remote: InetAddr): InetAddr[] {
  const address = UNSPECIFIED[remote.address] ?? remote.address;
  const ways = [address === remote.address ? remote : { ...remote, address }];
  if (remote.family === 'inet') return ways;
  for (const { bytes } of embeddedIpv4(parseIp(remote.address) ?? new Uint8Array(16))) {
    const inner = inetAddr(formatIp(bytes), remote.port);
    if (inner !== undefined) ways.push(inner);
  }
  return ways;
}
