import type { DnsClient } from './dns-client.ts';
import { errorCode, isDnsTimeout } from '../dns-errors.ts';
import type { TimedAddress } from './dns-message.ts';
import type { Resolution, ResolvedAddress } from '../resolver.ts';
import { canonicalAddresses } from '../canonical-addresses.ts';

/** How the addresses of a name are asked for. */
export interface QueryOptions {
  /** A and AAAA one after the other, for servers that cannot take two questions at once. */
  readonly sequential?: boolean;
  /** IPv4 only. */
  readonly noAaaa?: boolean;
  /** Whether this machine can reach global IPv6 addresses: only then do they come first. */
  readonly hasGlobalIpv6: boolean;
}

/** Milliseconds for the slower family once the faster has an address: some servers never answer for AAAA. */
const SECOND_FAMILY_GRACE = 300;

/** Seconds that an answer of one family may be kept while the other's is outstanding or failed. */
const PARTIAL_TTL = 5;

type Answer = { readonly records: readonly TimedAddress[] } | { readonly error: unknown };
type Answers = readonly [six: Answer | undefined, four: Answer | undefined];

/**
 * Asks for A and AAAA of exactly this name, and gives both, IPv6 first (RFC 8305 section 4). Rejects with an error that
 * has a `code`: `ENOTFOUND`, `ENODATA`, or why no server could say.
 */
export async function queryAddresses(
  client: DnsClient,
  name: string,
  signal: AbortSignal | undefined,
  options: QueryOptions,
): Promise<Resolution> {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort();
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener('abort', onAbort);
  const ask = (family: 'inet' | 'inet6'): Promise<Answer> => answered(client.ask(name, family, controller.signal));
  try {
    return combine(await askFamilies(ask, options), options);
  } finally {
    signal?.removeEventListener('abort', onAbort);
    // Of two families the slower one may still be waiting, and nobody waits for it.
    controller.abort();
  }
}

async function askFamilies(
  ask: (family: 'inet' | 'inet6') => Promise<Answer>,
  { sequential = false, noAaaa = false }: QueryOptions,
): Promise<Answers> {
  const nothing: Answer = { records: [] };
  if (noAaaa) return [nothing, await ask('inet')];
  if (!sequential) return bothFamilies(ask('inet6'), ask('inet'));
  const four = await ask('inet');
  return bothFamilies(ask('inet6'), Promise.resolve(four));
}

function answered(query: Promise<readonly TimedAddress[]>): Promise<Answer> {
  return query.then(
    (records) => ({ records }),
    (error: unknown) => ({ error }),
  );
}

function recordsOf(answer: Answer | undefined): readonly TimedAddress[] {
  return answer !== undefined && 'records' in answer ? answer.records : [];
}

/** Both answers; or one, with an address, and undefined for the other when that took longer than the grace. */
function bothFamilies(first: Promise<Answer>, second: Promise<Answer>): Promise<Answers> {
  return new Promise((resolve) => {
    const answers: [Answer | undefined, Answer | undefined] = [undefined, undefined];
    let grace: NodeJS.Timeout | undefined;
    const arrived = (index: 0 | 1, answer: Answer): void => {
      answers[index] = answer;
      if (answers[0] !== undefined && answers[1] !== undefined) {
        clearTimeout(grace);
        resolve(answers);
      } else if (recordsOf(answer).length > 0) {
        grace = setTimeout(() => resolve([...answers]), SECOND_FAMILY_GRACE);
      }
    };
    void first.then((answer) => arrived(0, answer));
    void second.then((answer) => arrived(1, answer));
  });
}

function combine(answers: Answers, { hasGlobalIpv6 }: QueryOptions): Resolution {
  const records = answers.flatMap(recordsOf);
  const found = canonicalAddresses(records.map((record) => record.address));
  const addresses = hasGlobalIpv6 ? found : unreachableLast(found);
  const failures = answers.flatMap((answer) => (answer !== undefined && 'error' in answer ? [answer.error] : []));
  if (addresses.length === 0) throw mostTelling(failures);
  let ttl = Math.min(...records.map((record) => record.ttl));
  // "No address of this family" is an answer; a timeout or a failing server is none.
  const complete = failures.length === 0 && answers.every((answer) => answer !== undefined);
  if (!complete) ttl = Math.min(ttl, PARTIAL_TTL);
  return { addresses, ttl };
}

/** Without a global IPv6 address of our own, global ones (2000::/3) can hardly be reached (RFC 6724 section 6, rule 1). */
function unreachableLast(addresses: readonly ResolvedAddress[]): readonly ResolvedAddress[] {
  return [...addresses.filter((entry) => !isGlobalIpv6(entry)), ...addresses.filter(isGlobalIpv6)];
}

function isGlobalIpv6({ family, address }: ResolvedAddress): boolean {
  return family === 'inet6' && /^[23]...:/.test(address);
}

/** NXDOMAIN holds for both families; else a server that did not answer leaves open whether the name has an address. */
function mostTelling(failures: readonly unknown[]): unknown {
  return (
    failures.find((error) => errorCode(error) === 'ENOTFOUND') ??
    failures.find(isDnsTimeout) ??
    failures[0] ??
    Object.assign(new Error('the name has no address'), { code: 'ENODATA' })
  );
}
