import { parseIp } from '@inband/core';
import { domainToASCII } from 'node:url';
import type { AlternativeNames } from '../base/alternative-names.ts';

/** The form in which names are compared: A-labels in lower case without a final dot, an address in its normal form. */
export function referenceName(name: string): string {
  const bare = name.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (parseIp(bare) !== undefined) return bare;
  return domainToASCII(bare.replace(/\.$/, ''));
}

/** What is sent as SNI: a host name, never an address (RFC 6066 section 3). */
export function sentName(reference: string): string | undefined {
  return reference === '' || parseIp(reference) !== undefined ? undefined : reference;
}

/**
 * Whether a certificate was issued for `reference` (RFC 9525 section 6). An address is compared with addresses only, and a name with host
 * names only; the common name of the subject says nothing. `reference` is as of {@link referenceName}.
 */
export function namesServer({ dns, addresses }: AlternativeNames, reference: string): boolean {
  const address = parseIp(reference);
  if (address !== undefined) return addresses.some((each) => each.equals(address));
  return dns.some((presented) => matches(presented, reference));
}

/** Letters, digits, hyphen and underscore in labels; the first one may be a wildcard. */
const PRESENTED = /^(?:\*|[a-z0-9_-]{1,63})(?:\.[a-z0-9_-]{1,63})*$/i;

/**
 * A wildcard is the whole first label, and stands for exactly one. At least two labels follow it, as OpenSSL and browsers have it, because
 * `*.com` is not one owner's.
 */
function matches(presented: string, reference: string): boolean {
  if (!PRESENTED.test(presented)) return false;
  const pattern = presented.toLowerCase();
  if (!pattern.startsWith('*')) return pattern === reference;
  const rest = pattern.slice(1);
  const dot = reference.indexOf('.');
  return dot > 0 && rest.lastIndexOf('.') > 0 && reference.slice(dot) === rest;
}
