import type { ResolvedAddress } from './resolver.ts';

/** Longest name in text without the final dot (RFC 1035 section 2.3.4: 255 bytes with the length bytes). */
const MAX_NAME = 253;

const LOOPBACK: readonly ResolvedAddress[] = [
  { family: 'inet', address: '127.0.0.1' },
  { family: 'inet6', address: '::1' },
];

function withoutFinalDot(host: string): string {
  return host.endsWith('.') ? host.slice(0, -1) : host;
}

/**
 * The addresses of `localhost` and of names under it, which no DNS server may be asked for (RFC 6761 section 6.3);
 * undefined for every other name.
 */
export function localhostAddresses(host: string): readonly ResolvedAddress[] | undefined {
  const name = withoutFinalDot(host).toLowerCase();
  return name === 'localhost' || name.endsWith('.localhost') ? LOOPBACK : undefined;
}

/** Why `host` cannot be a name in the DNS, as the end of a sentence; undefined when it can. */
export function whyNotAName(host: string): string | undefined {
  const name = withoutFinalDot(host);
  if (name === '') return 'it is empty';
  if (name.length > MAX_NAME) return `it is longer than ${MAX_NAME} characters`;
  if (/[\0-\x20\x7f-\uffff]/.test(name)) return 'it holds a character that is not printable ASCII';
  const labels = name.split('.');
  if (labels.some((label) => label === '' || label.length > 63)) return 'it has a label that is empty or too long';
  // getaddrinfo takes 127.1, 0x7f000001 and 2130706433 for IPv4 addresses; nobody who wrote a policy thinks of them.
  if (/^(?:[0-9]+|0x[0-9a-f]*)$/i.test(labels.at(-1)!)) return 'it ends in a number but is not an IPv4 address';
  return undefined;
}

/**
 * Why nobody may be asked for `host`, as the end of a sentence; undefined for every other name. `invalid` never exists
 * (RFC 6761 section 6.4), and `onion` is not of the DNS: asking would tell who wants to go there (RFC 7686 section 2).
 * `local` is not here: where no multicast DNS is configured, clusters and directories have such names in the DNS.
 */
export function whyNeverAsked(host: string): string | undefined {
  const last = withoutFinalDot(host).toLowerCase().split('.').at(-1);
  if (last === 'invalid') return 'names under "invalid" never exist (RFC 6761)';
  if (last === 'onion')
    return 'names under "onion" are reached through Tor only, and no DNS server is asked (RFC 7686)';
  return undefined;
}
