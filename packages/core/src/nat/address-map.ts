import { formatSockAddr, type InetAddr, type SockAddr } from '../base/address.ts';
import { type Cidr, formatIp, parseIp } from '../base/ip.ts';
import { BoundedMemo } from '../base/bounded-memo.ts';
import { plainMembership } from '../zones/builtin-zones.ts';
import { addressAt, numberFor, sizeOf, withHostBits } from './address-block.ts';
import { embedIpv4, extractIpv4, WELL_KNOWN_PREFIX } from './rfc6052.ts';

/** The result of translating an address by a rule. Shared: the same address gets the same object, so its text is made once. */
export interface Translation {
  readonly address: InetAddr;
  /** The rule's place in the configuration: `services.web.nat[0]`. */
  readonly rule: string;
  /** Whether the operator chose the server by this rule. False for NAT64, which keeps the server and changes its address. */
  readonly isOperatorsChoice: boolean;
}

/**
 * Translates `from`, which is the server's address in a `dnat` rule and the client's in an `snat` rule. Returns undefined
 * for an address that the rule does not translate. `client` is the client's address in both.
 */
export type AddressMap = (from: SockAddr, client: SockAddr) => Translation | undefined;

/** A member of a pool: an address or a network. The port is 0 when the rule gives none. */
export interface Place {
  readonly network: Cidr;
  readonly port: number;
}

const MEMO_LIMIT = 4096;

/** Translates to one address. The port is kept when `to` has none. */
export function toAddress(rule: string, to: InetAddr): AddressMap {
  const fixed: Translation = { address: to, rule, isOperatorsChoice: true };
  const memo = new BoundedMemo<number, Translation>(MEMO_LIMIT);
  return (from) => {
    const port = portOf(from);
    if (to.port !== 0 || port === 0) return fixed;
    return memo.get(port) ?? kept(memo, port, { ...fixed, address: { ...to, port } });
  };
}

/** Translates addresses of the network `inside` one to one to another network of the same length: the host bits are kept. */
export function toNetwork(rule: string, inside: Cidr, network: Cidr): AddressMap {
  return memoised(rule, true, (bytes) =>
    bytes.length === inside.bytes.length && withHostBits(inside, bytes).every((byte, at) => byte === bytes[at])
      ? withHostBits(network, bytes)
      : undefined,
  );
}

/** Translates to one of several addresses, which is always the same for a client. */
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

/** Translates IPv4 addresses to IPv6 addresses of a NAT64 translator. The well-known prefix takes global addresses only. */
export function intoPrefix(rule: string, prefix: Cidr): AddressMap {
  return memoised(rule, false, (bytes) =>
    bytes.length === 4 && mayEmbed(prefix, bytes) ? embedIpv4(prefix, bytes) : undefined,
  );
}

/** Translates IPv6 addresses of a NAT64 prefix to the IPv4 addresses that they embed. */
export function outOfPrefix(rule: string, prefix: Cidr): AddressMap {
  return memoised(rule, false, (bytes) => {
    const inner = extractIpv4(prefix, bytes);
    return inner !== undefined && mayEmbed(prefix, inner) ? inner : undefined;
  });
}

/** Whether a prefix may embed an address. The well-known prefix may embed only global ones (RFC 6052 section 3.1). */
function mayEmbed(prefix: Cidr, inner: Uint8Array): boolean {
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
