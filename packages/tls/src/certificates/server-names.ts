import { formatIp, inetAddr } from '@inband/core';
import { alternativeNames } from '../base/alternative-names.ts';

/** What of a certificate's subjectAltName a server can be called. */
export interface ServerNames {
  /** DNS names in lower case. One with a wildcard begins with `*.`. */
  readonly names: readonly string[];
  /** IP addresses in canonical text. */
  readonly addresses: readonly string[];
}

/** A name of which whole labels consist of letters, digits, `-` and `_`; the first one may be `*` (RFC 9525 section 6.3). */
const NAME = /^(?:\*\.)?(?:[a-z0-9_-]+\.)*[a-z0-9_-]+$/;

/** Reads the names of a certificate in DER. Those that cannot be the name of a server are left out. Throws a `RangeError` if it is no certificate. */
export function serverNamesOf(der: Buffer): ServerNames {
  const { dns, addresses } = alternativeNames(der);
  const found = addresses.map((bytes) => inetAddr(formatIp(bytes), 0)?.address);
  return {
    names: [...new Set(dns.map((name) => name.toLowerCase()).filter(isName))],
    addresses: [...new Set(found.filter((address) => address !== undefined))],
  };
}

/** A wildcard stands for a label below a domain, so `*.example` would be too much and `*` is nothing. */
function isName(name: string): boolean {
  return NAME.test(name) && (!name.startsWith('*.') || name.indexOf('.', 2) !== -1);
}

/** The name with a wildcard that covers `name`: `*.b.example` of `a.b.example`. Undefined for a name of one label. */
export function wildcardOf(name: string): string | undefined {
  const dot = name.indexOf('.');
  return dot < 1 ? undefined : `*${name.slice(dot)}`;
}

/**
 * Whether a certificate is one for `host`, a name or an address in canonical text (RFC 9525 section 6): for 421 (RFC 9110 section
 * 15.5.20). A name may be in any case.
 */
export function coversHost({ names, addresses }: ServerNames, host: string): boolean {
  // As most requests name it. Every request asks, so that the rest is worth being spared.
  if (names.includes(host) || addresses.includes(host)) return true;
  const name = host.toLowerCase();
  const wildcard = wildcardOf(name);
  return names.includes(name) || (wildcard !== undefined && names.includes(wildcard));
}
