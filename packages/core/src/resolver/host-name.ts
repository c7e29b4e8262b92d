import type { ResolvedAddress } from './resolver.ts';

/** The longest name without its final dot (RFC 1035 section 2.3.4: 255 bytes with the length bytes). */
const MAX_NAME = 253;

const LOOPBACK: readonly ResolvedAddress[] = [
  { family: 'inet', address: '127.0.0.1' },
  { family: 'inet6', address: '::1' },
];

function withoutFinalDot(host: string): string {
  return host.endsWith('.') ? host.slice(0, -1) : host;
}

/**
 * The addresses of `localhost` and names below it, which must not be looked up in the DNS (RFC 6761 section 6.3).
 * Undefined for every other name.
 */
export function localhostAddresses(host: string): readonly ResolvedAddress[] | undefined {
  const name = withoutFinalDot(host).toLowerCase();
  return name === 'localhost' || name.endsWith('.localhost') ? LOOPBACK : undefined;
}

/** Says why `host` cannot be a name in the DNS, as the end of a sentence. Undefined when it can. */
export function whyNotAName(host: string): string | undefined {
  const name = withoutFinalDot(host);
  if (name === '') return 'it is empty';
  if (name.length > MAX_NAME) return `it is longer than ${MAX_NAME} characters`;
  if (/[\0-\x20\x7f-\uffff]/.test(name)) return 'it holds a character that is not printable ASCII';
  const labels = name.split('.');
  if (labels.some((label) => label === '' || label.length > 63)) return 'it has a label that is empty or too long';
  // getaddrinfo reads 127.1, 0x7f000001 and 2130706433 as IPv4 addresses, which rules for names would miss.
  if (/^(?:[0-9]+|0x[0-9a-f]*)$/i.test(labels.at(-1)!)) return 'it ends in a number but is not an IPv4 address';
  return undefined;
}

/**
 * Says why `host` must not be looked up, as the end of a sentence. Undefined for every other name. Names under `invalid`
 * never exist (RFC 6761 section 6.4). Names under `onion` are not in the DNS, and a query would reveal who wants to reach
 * them (RFC 7686 section 2). Names under `local` are looked up, because clusters and directories have them in the DNS.
 */
export function whyNeverAsked(host: string): string | undefined {
  const last = withoutFinalDot(host).toLowerCase().split('.').at(-1);
  if (last === 'invalid') return 'names under "invalid" never exist (RFC 6761)';
  if (last === 'onion')
    return 'names under "onion" are reached through Tor only, and no DNS server is asked (RFC 7686)';
  return undefined;
}
