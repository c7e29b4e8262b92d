import { ProxyError } from '../base/errors.ts';

type Kind = 'dns_error' | 'dns_timeout' | 'connection_limit_reached';
type Meaning = readonly [kind: Kind, reason: string];

const NO_ANSWER = 'no DNS server gave an answer';
const UNREACHABLE: Meaning = ['dns_timeout', 'no DNS server could be reached'];
const NO_DESCRIPTOR: Meaning = ['connection_limit_reached', 'this process has no file descriptor left (ulimit -n)'];

/**
 * Error codes of getaddrinfo and of our DNS client (which uses those of c-ares), with their meanings. Codes that are not
 * listed are a `dns_error`.
 *
 * getaddrinfo has one code, EAI_AGAIN, for a DNS server that fails, refuses or does not answer. So these are `dns_timeout`
 * with every resolver: no server gave an answer, and the same look-up may succeed later.
 */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  // A server answered. Asking again at once changes nothing.
  ENOTFOUND: ['dns_error', 'it does not exist'],
  EAI_NONAME: ['dns_error', 'it does not exist'],
  ENODATA: ['dns_error', 'it has no address'],
  EAI_NODATA: ['dns_error', 'it has no address'],
  EBADNAME: ['dns_error', 'it is not a valid name'],
  // No server gave an answer.
  EAI_AGAIN: ['dns_timeout', NO_ANSWER],
  EAI_FAIL: ['dns_timeout', `${NO_ANSWER} (it failed or refused to)`],
  ESERVFAIL: ['dns_timeout', `${NO_ANSWER} (SERVFAIL: it failed to look it up)`],
  EREFUSED: ['dns_timeout', `${NO_ANSWER} (REFUSED: it refused to look it up)`],
  EFORMERR: ['dns_timeout', `${NO_ANSWER} (FORMERR: it did not understand the question)`],
  ENOTIMP: ['dns_timeout', `${NO_ANSWER} (NOTIMP: it does not answer such questions)`],
  EBADRESP: ['dns_timeout', `${NO_ANSWER} that could be read`],
  ETIMEOUT: ['dns_timeout', 'no DNS server answered in time'],
  ETIMEDOUT: ['dns_timeout', 'no DNS server answered in time'],
  ECANCELLED: ['dns_timeout', 'the look-up was cancelled'],
  ENODNS: ['dns_timeout', 'there is no DNS server to ask'],
  ECONNREFUSED: UNREACHABLE,
  ECONNRESET: UNREACHABLE,
  EHOSTUNREACH: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  ENETDOWN: UNREACHABLE,
  EADDRNOTAVAIL: UNREACHABLE,
  EAFNOSUPPORT: UNREACHABLE,
  EACCES: UNREACHABLE,
  EPERM: UNREACHABLE,
  EMFILE: NO_DESCRIPTOR,
  ENFILE: NO_DESCRIPTOR,
};

const ANSWERS = new Set(['ENOTFOUND', 'ENODATA', 'ESERVFAIL', 'EREFUSED', 'EFORMERR', 'ENOTIMP', 'EBADRESP']);

/** The `code` of an errno-like error, or undefined. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Whether the error says nothing about the name, because no server gave an answer. */
export function isDnsTimeout(error: unknown): boolean {
  return MEANINGS[errorCode(error) ?? '']?.[0] === 'dns_timeout';
}

/** Whether a server answered with this error. The next name of the search list is tried only then. */
export function isAnswer(error: unknown): boolean {
  return ANSWERS.has(errorCode(error) ?? '');
}

/** Translates the error of a look-up. Nothing else knows the codes of resolvers. */
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

export function neverAsked(host: string, reason: string): ProxyError {
  return new ProxyError('dns_error', `The name "${host}" could not be resolved: ${reason}.`);
}

/** The limit that kept a look-up in the queue. */
export interface LookupBound {
  /** The setting that raises the limit. */
  readonly setting: string;
  /** The end of a sentence. */
  readonly reason: string;
}

export function queueTimedOut(host: string, milliseconds: number, { setting, reason }: LookupBound): ProxyError {
  const message = `The name "${host}" could not be resolved: it waited ${milliseconds} ms in the queue of look-ups, because ${reason} (${setting}).`;
  return new ProxyError('dns_timeout', message, { setting });
}

export function queueFull(host: string, { setting, reason }: LookupBound): ProxyError {
  const message = `The name "${host}" could not be resolved: ${reason} (${setting}).`;
  return new ProxyError('connection_limit_reached', message, { setting });
}

export function lookupTimedOut(host: string, milliseconds: number): ProxyError {
  return new ProxyError('dns_timeout', `The name "${host}" could not be resolved within ${milliseconds} ms.`);
}

/** The error of a caller that stopped waiting. It has the code of a dial that was cancelled. */
export function lookupAborted(host: string): ProxyError {
  return new ProxyError('connection_terminated', `Looking up "${host}" was cancelled.`);
}
