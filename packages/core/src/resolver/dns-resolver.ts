import { Resolver as CaresResolver } from 'node:dns/promises';
import { ProxyError } from '../errors.ts';
import { dnsFailure, errorCode, noAddress } from './dns-errors.ts';
import { localhostAddresses } from './host-name.ts';
import type { Resolution, Resolver } from './resolver.ts';
import { canonicalAddresses } from './system-resolver.ts';

export interface DnsResolverOptions {
  /** DNS servers as `192.0.2.1`, `192.0.2.1:5353` or `[2001:db8::1]:53`; the system's when absent. */
  readonly servers?: readonly string[] | undefined;
  /** Milliseconds that a server has for the first try; later tries have more. */
  readonly timeout?: number | undefined;
  /** How often each server is asked. */
  readonly tries?: number | undefined;
}

/** Milliseconds for the slower family once the faster has an address: some servers never answer for AAAA. */
const SECOND_FAMILY_GRACE = 300;

/** Seconds that an answer of one family may be kept while the other's is outstanding or failed. */
const PARTIAL_TTL = 5;

interface TimedAddress {
  readonly address: string;
  readonly ttl: number;
}

type Answer = { readonly records: readonly TimedAddress[] } | { readonly error: unknown };

/**
 * Asks DNS servers itself (c-ares): A and AAAA at once, with their times to live. It knows neither /etc/hosts nor
 * search domains; `localhost` it answers itself (RFC 6761). IPv6 addresses come first (RFC 8305 section 4).
 */
export function createDnsResolver(options: DnsResolverOptions = {}): Resolver {
  const cares = new CaresResolver({ timeout: options.timeout ?? 2000, tries: options.tries ?? 3 });
  if (options.servers !== undefined) setServers(cares, options.servers);
  return {
    async resolve(host: string): Promise<Resolution> {
      const local = localhostAddresses(host);
      if (local !== undefined) return { addresses: local };
      const [six, four] = await bothFamilies(
        answered(cares.resolve6(host, { ttl: true })),
        answered(cares.resolve4(host, { ttl: true })),
      );
      return combine(host, six, four);
    },
    close(): void {
      cares.cancel();
    },
  };
}

function setServers(cares: CaresResolver, servers: readonly string[]): void {
  try {
    cares.setServers(servers);
  } catch (cause) {
    throw new ProxyError(
      'proxy_configuration_error',
      `The DNS servers ${servers.map((server) => `"${server}"`).join(', ')} are not all addresses.`,
      { cause, setting: 'servers' },
    );
  }
}

function answered(query: Promise<readonly TimedAddress[]>): Promise<Answer> {
  return query.then(
    (records) => ({ records }),
    (error: unknown) => ({ error }),
  );
}

function hasAddress(answer: Answer | undefined): boolean {
  return answer !== undefined && 'records' in answer && answer.records.length > 0;
}

/** Both answers; or one, with an address, and undefined for the other when that took longer than the grace. */
function bothFamilies(
  first: Promise<Answer>,
  second: Promise<Answer>,
): Promise<readonly [Answer | undefined, Answer | undefined]> {
  return new Promise((resolve) => {
    const answers: [Answer | undefined, Answer | undefined] = [undefined, undefined];
    let grace: NodeJS.Timeout | undefined;
    const arrived = (index: 0 | 1, answer: Answer): void => {
      answers[index] = answer;
      if (answers[0] !== undefined && answers[1] !== undefined) {
        clearTimeout(grace);
        resolve(answers);
      } else if (hasAddress(answer)) {
        grace = setTimeout(() => resolve([...answers]), SECOND_FAMILY_GRACE);
      }
    };
    void first.then((answer) => arrived(0, answer));
    void second.then((answer) => arrived(1, answer));
  });
}

function combine(host: string, six: Answer | undefined, four: Answer | undefined): Resolution {
  const answers = [six, four];
  const records = answers.flatMap((answer) => (answer !== undefined && 'records' in answer ? answer.records : []));
  const addresses = canonicalAddresses(records.map((record) => record.address));
  const failures = answers.flatMap((answer) => (answer !== undefined && 'error' in answer ? [answer.error] : []));
  if (addresses.length === 0) throw mostTelling(host, failures);
  let ttl = Math.min(...records.map((record) => record.ttl));
  // "No address of this family" is an answer; a timeout or a failing server is none.
  const complete =
    answers.every((answer) => answer !== undefined) && failures.every((error) => errorCode(error) === 'ENODATA');
  if (!complete) ttl = Math.min(ttl, PARTIAL_TTL);
  return { addresses, ttl };
}

/** NXDOMAIN holds for both families; else a timeout leaves open whether the name has an address. */
function mostTelling(host: string, failures: readonly unknown[]): ProxyError {
  const telling =
    failures.find((error) => errorCode(error) === 'ENOTFOUND') ??
    failures.find((error) => dnsFailure(host, error).code === 'dns_timeout') ??
    failures[0];
  return telling === undefined ? noAddress(host) : dnsFailure(host, telling);
}
