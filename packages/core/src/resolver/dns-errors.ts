import { ProxyError } from '../errors.ts';

/** What the codes of getaddrinfo and c-ares mean to us. Whatever is not listed is a `dns_error`. */
const MEANINGS: Readonly<Record<string, readonly ['dns_error' | 'dns_timeout', string]>> = {
  // Somebody who knows said no: asking again at once changes nothing.
  ENOTFOUND: ['dns_error', 'it does not exist'],
  EAI_NONAME: ['dns_error', 'it does not exist'],
  ENODATA: ['dns_error', 'it has no address'],
  EAI_NODATA: ['dns_error', 'it has no address'],
  ESERVFAIL: ['dns_error', 'the DNS server failed to look it up'],
  EREFUSED: ['dns_error', 'the DNS server refused to look it up'],
  EBADNAME: ['dns_error', 'it is not a valid name'],
  // Nobody answered. getaddrinfo says EAI_AGAIN when its servers were silent or out of reach: try again later.
  EAI_AGAIN: ['dns_timeout', 'no DNS server gave an answer'],
  ETIMEOUT: ['dns_timeout', 'no DNS server answered in time'],
  ETIMEDOUT: ['dns_timeout', 'no DNS server answered in time'],
  ECONNREFUSED: ['dns_timeout', 'no DNS server could be reached'],
  ECANCELLED: ['dns_timeout', 'the look-up was cancelled'],
};

/** The `code` of an errno-like error, or undefined. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Translates what a look-up of `host` failed with. The only place that knows getaddrinfo's and c-ares's codes. */
export function dnsFailure(host: string, cause: unknown): ProxyError {
  if (cause instanceof ProxyError) return cause;
  const code = errorCode(cause);
  const meaning = code === undefined ? undefined : MEANINGS[code];
  const [kind, reason] = meaning ?? ['dns_error', `the look-up failed${code === undefined ? '' : ` (${code})`}`];
  return new ProxyError(kind, `The name "${host}" could not be resolved: ${reason}.`, { cause });
}

export function noAddress(host: string): ProxyError {
  return new ProxyError('dns_error', `The name "${host}" could not be resolved: it has no address.`);
}

export function notAName(host: string, reason: string): ProxyError {
  return new ProxyError('dns_error', `"${host}" is not a host name: ${reason}.`);
}

export function lookupTimedOut(host: string, milliseconds: number): ProxyError {
  return new ProxyError('dns_timeout', `The name "${host}" could not be resolved within ${milliseconds} ms.`);
}

/** For whoever stopped waiting: the same code as a dial that was cancelled. */
export function lookupAborted(host: string): ProxyError {
  return new ProxyError('connection_terminated', `Looking up "${host}" was cancelled.`);
}
