import { formatSockAddr, type InetAddr, type SockAddr } from '../base/address.ts';
import { type Cidr, formatIp, parseIp } from '../base/ip.ts';
import { BoundedMemo } from '../base/bounded-memo.ts';
import { plainMembership } from '../zones/builtin-zones.ts';
import { addressAt, numberFor, sizeOf, withHostBits } from './address-block.ts';
import { embedIpv4, extractIpv4, WELL_KNOWN_PREFIX } from './rfc6052.ts';

/** What one rule makes of one address. Shared: equal questions get the same object, whose text is made once. */
export interface Translation {
  readonly address: InetAddr;
  /** The rule's place in the configuration: `services.web.nat[0]`. */
  readonly rule: string;
  /** Whether the rule says where it leads (NAT64 does not: it is the same server, by another of its addresses). */
  readonly isOperatorsChoice: boolean;
}

/**
 * Translates `from` (the server's address, or the client's where the outgoing address is sought); undefined when it
 * does not apply to such an address. `client` is who asks.
 */
export type AddressMap = (from: SockAddr, client: SockAddr) => Translation | undefined;

/** An address, with a port or (0) without. */
export interface Place {
  readonly network: Cidr;
  readonly port: number;
}

const MEMO_LIMIT = 4096;

/** Always to one address. With no port of its own it keeps the one it translates. */
export function toAddress(rule: string, to: InetAddr): AddressMap {
  const fixed: Translation = { address: to, rule, isOperatorsChoice: true };
  const memo = new BoundedMemo<number, Translation>(MEMO_LIMIT);
  return (from) => {
    const port = portOf(from);
    if (to.port !== 0 || port === 0) return fixed;
    return memo.get(port) ?? kept(memo, port, { ...fixed, address: { ...to, port } });
  };
}

/** One to one: from one network to another of the same length, by the host bits. Only for addresses in `inside`. */
export function toNetwork(rule: string, inside: Cidr, network: Cidr): AddressMap {
  return memoised(rule, true, (bytes) =>
    bytes.length === inside.bytes.length && withHostBits(inside, bytes).every((byte, at) => byte === bytes[at])
      ? withHostBits(network, bytes)
      : undefined,
  );
}

/** To one of several addresses: the same one for the same client, always. */
export function toPool(rule: string, pool: readonly Place[]): AddressMap {
  const total = pool.reduce((sum, { network }) => sum + sizeOf(network), 0n);
  const memo = new BoundedMemo<string, Translation>(MEMO_LIMIT);
  return (from, client) => {
    const who = client.family === 'unix' ? '' : client.address;
    const port = portOf(from);
    const key = `${who} ${port}`;
    return (
      memo.get(key) ??
      kept(memo, key, { address: pick(pool, numberFor(who, total), port), rule, isOperatorsChoice: true })
    );
  };
}

/** IPv4 to IPv6 behind a NAT64 translator. The well-known prefix stands for global addresses only. */
export function intoPrefix(rule: string, prefix: Cidr): AddressMap {
  return memoised(rule, false, (bytes) =>
    bytes.length === 4 && mayStandIn(prefix, bytes) ? embedIpv4(prefix, bytes) : undefined,
  );
}

/** IPv6 in a NAT64 prefix to the IPv4 that it embeds. */
export function outOfPrefix(rule: string, prefix: Cidr): AddressMap {
  return memoised(rule, false, (bytes) => {
    const inner = extractIpv4(prefix, bytes);
    return inner !== undefined && mayStandIn(prefix, inner) ? inner : undefined;
  });
}

/** RFC 6052 section 3.1: a translator must not translate a well-known prefix with an address that is not global. */
function mayStandIn(prefix: Cidr, inner: Uint8Array): boolean {
  return prefix.text !== WELL_KNOWN_PREFIX.text || plainMembership(inner).zone === 'public';
}

function memoised(
  rule: string,
  isOperatorsChoice: boolean,
  translate: (bytes: Uint8Array) => Uint8Array | undefined,
): AddressMap {
  const memo = new BoundedMemo<string, Translation>(MEMO_LIMIT);
  return (from) => {
    if (from.family === 'unix') return undefined;
    const key = formatSockAddr(from);
    const known = memo.get(key);
    if (known !== undefined) return known;
    const bytes = parseIp(from.address);
    const translated = bytes && translate(bytes);
    return translated && kept(memo, key, { address: inetAddrOf(translated, from.port), rule, isOperatorsChoice });
  };
}

function pick(pool: readonly Place[], number: bigint, port: number): InetAddr {
  let index = number;
  for (const place of pool) {
    const size = sizeOf(place.network);
    if (index < size) return inetAddrOf(addressAt(place.network, index), place.port === 0 ? port : place.port);
    index -= size;
  }
  throw new RangeError('The pool has fewer addresses than were counted.');
}

function kept<Key>(memo: BoundedMemo<Key, Translation>, key: Key, translation: Translation): Translation {
  memo.set(key, translation);
  return translation;
}

function portOf(addr: SockAddr): number {
  return addr.family === 'unix' ? 0 : addr.port;
}

export function inetAddrOf(bytes: Uint8Array, port: number): InetAddr {
  return { family: bytes.length === 4 ? 'inet' : 'inet6', address: formatIp(bytes), port };
}
