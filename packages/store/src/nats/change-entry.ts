import type { KV } from '@nats-io/kv';
import { StoreUnavailable } from '../base/errors.ts';
import { isConflict } from './errors.ts';
import { type Read, readEntry } from './stored.ts';

/** What is to become of what was read: nothing, a text, or null for its removal; and then the answer, by the number of what was written. */
export interface Changed<Answer> {
  readonly write?: string | null;
  readonly answer: (sequence: number) => Answer;
}

/** Decides by what is stored, on the server's clock in milliseconds. May be called several times. */
export type Change<T, Answer> = (read: Read<T>, now: number) => Changed<Answer>;

interface Changing<T, Answer> {
  readonly parse: (text: string) => T;
  readonly change: Change<T, Answer>;
  readonly now: number;
  /** On the clock of `performance.now`, after which nobody waits for it any more. */
  readonly until: number;
}

/** Milliseconds before a try is repeated: random, and more with each one, so that many who write the same come through one after another. */
const BACK_OFF = 2;

/** Reads, and writes only if nobody has written since. Whoever loses tries again, until its time is over. */
export async function changeEntry<T, Answer>(kv: KV, key: string, changing: Changing<T, Answer>): Promise<Answer> {
  let tries = 0;
  while (performance.now() < changing.until) {
    tries += 1;
    const read = readEntry(await kv.get(key), changing.parse);
    const { write, answer } = changing.change(read, changing.now);
    if (write === undefined) return answer(read.sequence);
    const sequence = await written(kv, key, write, read.sequence);
    if (sequence !== undefined) return answer(sequence);
    await new Promise((done) => setTimeout(done, Math.random() * BACK_OFF * tries));
  }
  if (tries === 0) throw new StoreUnavailable('timeout', 'The store has not answered in time.');
  throw new StoreUnavailable('contended', 'Others have changed the same thing each time, so that nothing was done.');
}

/** The number of what was written, or undefined if somebody else was first. */
async function written(kv: KV, key: string, write: string | null, sequence: number): Promise<number | undefined> {
  try {
    if (write !== null) return await kv.put(key, write, { previousSeq: sequence });
    await kv.delete(key, { previousSeq: sequence });
    return sequence;
  } catch (error) {
    if (isConflict(error)) return undefined;
    throw error;
  }
}
