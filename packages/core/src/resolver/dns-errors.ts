import { ProxyError } from '../base/errors.ts';

type Kind = 'dns_error' | 'dns_timeout' | 'connection_limit_reached';
type Meaning = readonly [kind: Kind, reason: string];

const NO_ANSWER = 'no DNS server gave an answer';
const UNREACHABLE: Meaning = ['dns_timeout', 'no DNS server could be reached'];
const NO_DESCRIPTOR: Meaning = ['connection_limit_reached', 'this process has no file descriptor left (ulimit -n)'];

/**
 * What the codes of getaddrinfo, and those of our own DNS client (c-ares's), mean to us. Whatever is not listed is a
 * `dns_error`.
 *
 * getaddrinfo cannot tell a server that fails or refuses from one that is silent: all of it is EAI_AGAIN. So they mean the
 * same with every resolver: nobody who knows has answered, and asking again later may help.
 */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  // Somebody who knows said no: asking again at once changes nothing.
  ENOTFOUND: ['dns_error', 'it does not exist'],
  EAI_NONAME: ['dns_error', 'it does not exist'],
  ENODATA: ['dns_error', 'it has no address'],
  EAI_NODATA: ['dns_error', 'it has no address'],
  EBADNAME: ['dns_error', 'it is not a valid name'],
  // Nobody who knows answered.
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

/** Whether it leaves open what the name stands for. */
export function isDnsTimeout(error: unknown): boolean {
  return MEANINGS[errorCode(error) ?? '']?.[0] === 'dns_timeout';
}

/** Whether a server said it, of whatever use: another name may have a better answer. One that is silent stays silent. */
export function isAnswer(error: unknown): boolean {
  return ANSWERS.has(errorCode(error) ?? '');
}

/** Translates what a look-up of `host` failed with. The only place that knows the codes of resolvers. */
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

/** Bounds of look-ups that kept this one from its turn. */
export interface LookupBound {
  /** The key of the configuration that raises it. */
  readonly setting: string;
  /** The end of a sentence. */
  readonly reason: string;
}

export function waitedForTurn(host: string, milliseconds: number, { setting, reason }: LookupBound): ProxyError {
  const message = `The name "${host}" could not be resolved: for ${milliseconds} ms it was not its turn, because ${reason} (${setting}).`;
  return new ProxyError('dns_timeout', message, { setting });
}

export function tooManyWaiting(host: string, { setting, reason }: LookupBound): ProxyError {
  const message = `The name "${host}" could not be resolved: ${reason} (${setting}).`;
  return new ProxyError('connection_limit_reached', message, { setting });
}

export function lookupTimedOut(host: string, milliseconds: number): ProxyError {
  return new ProxyError('dns_timeout', `The name "${host}" could not be resolved within ${milliseconds} ms.`);
}

/** For whoever stopped waiting: the same code as a dial that was cancelled. */
export function lookupAborted(host: string): ProxyError {
  return new ProxyError('connection_terminated', `Looking up "${host}" was cancelled.`);
}
