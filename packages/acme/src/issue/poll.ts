import { AcmeError } from '../base/acme-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Polled } from '../client/acme-client.ts';

/** Milliseconds between two looks, unless the CA says otherwise: the first wait, and the longest. */
const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;
/** Milliseconds for the CA to come to a result. */
const LIMIT = 300_000;

/** What is looked at until it changes. */
export interface Polling<Value> {
  readonly ask: () => Promise<Polled<Value>>;
  /** An answer that is there already. */
  readonly known?: Polled<Value> | undefined;
  readonly isPending: (value: Value) => boolean;
  /** For the error. */
  readonly what: string;
}

/** Asks until the CA has come to a result, when it wants to be asked. Rejects with an `AcmeError` after five minutes. */
export async function poll<Value>(
  { ask, known, isPending, what }: Polling<Value>,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Value> {
  const end = clock.now() + LIMIT;
  let polled = known ?? (await ask());
  for (let wait = FIRST_WAIT; isPending(polled.value); wait = Math.min(wait * 2, LONGEST_WAIT)) {
    const now = clock.now();
    const next = Math.max(polled.retryAt ?? now + wait, now + 100);
    if (next > end) throw new AcmeError('unreachable', `The CA comes to no result about ${what} within five minutes.`);
    await clock.sleep(next - now, signal);
    polled = await ask();
  }
  return polled.value;
}
