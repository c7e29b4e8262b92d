import type { InetAddr } from '../base/address.ts';

/** The versions of the PROXY protocol: a line of text, and binary. */
export type ProxyVersion = 'v1' | 'v2';

/**
 * What the header of a connection says (haproxy.org, proxy-protocol.txt).
 *
 * - `proxied`: the proxy speaks for a client. `source` is the client, `destination` the address that it was connecting to.
 * - `local`: the proxy speaks for itself, for example to see whether this one is well (`LOCAL`).
 * - `unknown`: the proxy speaks for a client that has no address, or none that it tells (`UNKNOWN`, UNSPEC, a Unix socket).
 */
export type ProxyHeader =
  | { readonly kind: 'proxied'; readonly source: InetAddr; readonly destination: InetAddr }
  | { readonly kind: 'local' }
  | { readonly kind: 'unknown' };

/** A header that is none. The message is the end of a sentence: "the header was refused: …". */
export class ProxyHeaderFault extends Error {
  override readonly name = 'ProxyHeaderFault';
}

/** What reading has come to. `length`: of the whole header, in bytes. */
export type ReadHeader =
  | { readonly kind: 'complete'; readonly header: ProxyHeader; readonly length: number }
  | { readonly kind: 'more' }
  /** The bytes begin another way than a header does. */
  | { readonly kind: 'absent' };

export const MORE: ReadHeader = { kind: 'more' };
export const ABSENT: ReadHeader = { kind: 'absent' };
