import type { DnsClient } from './dns-client.ts';
import { errorCode, isDnsTimeout } from '../dns-errors.ts';
import type { TimedAddress } from './dns-message.ts';
import type { Resolution, ResolvedAddress } from '../resolver.ts';
import { canonicalAddresses } from '../canonical-addresses.ts';

/** How the addresses of a name are queried. */
export interface QueryOptions {
  /** Queries A, then AAAA, for servers that cannot take two queries at once. */
  readonly sequential?: boolean;
  /** Queries IPv4 only. */
  readonly noAaaa?: boolean;
  /** Whether this machine has a global IPv6 address. Global IPv6 addresses come first only then. */
  readonly hasGlobalIpv6: boolean;
}

/** Milliseconds that the second family has once the first has an address, because some servers never answer for AAAA. */
const SECOND_FAMILY_GRACE = 300;

/** The longest time to live, in seconds, of an answer whose other family is missing. */
const PARTIAL_TTL = 5;

type Answer = { readonly records: readonly TimedAddress[] } | { readonly error: unknown };
type Answers = readonly [six: Answer | undefined, four: Answer | undefined];

/**
 * Queries A and AAAA of exactly this name. Returns the addresses of both, IPv6 first (RFC 8305 section 4). Rejects with an
 * error that has a `code`: `ENOTFOUND`, `ENODATA`, or that of the server that failed.
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
  const ask = (record: 'A' | 'AAAA'): Promise<Answer> => answered(client.addresses(name, record, controller.signal));
  try {
    return combine(await askFamilies(ask, options), options);
  } finally {
    signal?.removeEventListener('abort', onAbort);
    // Cancels the query of the second family if its answer is no longer needed.
    controller.abort();
  }
}

async function askFamilies(
  ask: (record: 'A' | 'AAAA') => Promise<Answer>,
  { sequential = false, noAaaa = false }: QueryOptions,
): Promise<Answers> {
  const nothing: Answer = { records: [] };
  if (noAaaa) return [nothing, await ask('A')];
  if (!sequential) return bothFamilies(ask('AAAA'), ask('A'));
  const four = await ask('A');
  return bothFamilies(ask('AAAA'), Promise.resolve(four));
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

/** Resolves with both answers. Resolves with one if it has an address and the other takes longer than the grace. */
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
  if (addresses.length === 0) throw chooseError(failures);
  let ttl = Math.min(...records.map((record) => record.ttl));
  // An answer without addresses is complete. A timeout or a failing server is not.
  const complete = failures.length === 0 && answers.every((answer) => answer !== undefined);
  if (!complete) ttl = Math.min(ttl, PARTIAL_TTL);
  return { addresses, ttl };
}

/** Moves global IPv6 addresses (2000::/3) to the end, because this machine has none itself (RFC 6724 section 6, rule 1). */
function unreachableLast(addresses: readonly ResolvedAddress[]): readonly ResolvedAddress[] {
  return [...addresses.filter((entry) => !isGlobalIpv6(entry)), ...addresses.filter(isGlobalIpv6)];
}

function isGlobalIpv6({ family, address }: ResolvedAddress): boolean {
  return family === 'inet6' && /^[23]...:/.test(address);
}

/** Chooses the error to report. NXDOMAIN holds for both families. A timeout comes next, because the name may have addresses. */
function chooseError(failures: readonly unknown[]): unknown {
  return (
    failures.find((error) => errorCode(error) === 'ENOTFOUND') ??
    failures.find(isDnsTimeout) ??
    failures[0] ??
    Object.assign(new Error('the name has no address'), { code: 'ENODATA' })
  );
}
