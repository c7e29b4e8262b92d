import type { Counted, Placed, Leased, Lender, Rate } from '@inband/core';
import { AwayShares, PLACES_TTL } from './away-shares.ts';
import type { LendAnswer, LendCall, Lending, NumberedAnswer, NumberedCall } from './lend-messages.ts';

/** Calls that wait for an answer at most, and that are sent at most without hearing anything. Further ones are decided here. */
const MOST_WAITING = 8_192;
/** Milliseconds after which a supervisor that says nothing is asked again. */
const ASK_AGAIN = 1_000;
/** Milliseconds that the supervisor may take beside its calls of the store, of which there are two for one of ours. */
const OWN_TIME = 100;

interface WorkerLenderDeps extends Lending {
  /** Sends calls to the supervisor. */
  readonly send: (calls: readonly NumberedCall[]) => void;
  /** Milliseconds, of a clock that does not go back. */
  readonly now?: () => number;
}

interface Waiting {
  readonly call: LendCall;
  readonly resolve: (answer: LendAnswer | Promise<LendAnswer>) => void;
}

/**
 * Lends from the supervisor, which has the store of the machine. All calls of one event-loop iteration are one message. A call is answered
 * within a bounded time: by the supervisor, or where that is silent, by `store.away`.
 */
export class WorkerLender implements Lender {
  parties: number;
  readonly #deps: WorkerLenderDeps;
  readonly #shares: AwayShares;
  readonly #now: () => number;
  /** By number, the oldest first. */
  readonly #waiting = new Map<number, Waiting>();
  #unsent: NumberedCall[] = [];
  #last = 0;
  /** Calls that were sent since something was heard, and when the last one was. */
  #unheard = 0;
  #sentAt = 0;

  constructor(deps: WorkerLenderDeps) {
    this.#deps = deps;
    this.parties = deps.parties;
    this.#now = deps.now ?? performance.now.bind(performance);
    this.#shares = new AwayShares({
      policy: deps.away,
      parties: () => this.parties,
      // Whoever is never left alone by its supervisor does not load it.
      open: async () => (await import('./memory.ts')).openMemory(),
    });
  }

  // The answers are of the kind of their calls.
  // oxlint-disable typescript/no-unsafe-type-assertion
  lease(bucket: string, rate: Rate, owed: number, wanted: number): Promise<Leased> {
    return this.#ask({ is: 'lease', bucket, rate, owed, wanted }) as Promise<Leased>;
  }

  hold(key: string, most: number, held: number, wanted: number): Promise<Placed> {
    return this.#ask({ is: 'hold', key, most, held, wanted }) as Promise<Placed>;
  }

  count(key: string, most: number, used: number, wanted: number, of?: number): Promise<Counted | undefined> {
    return this.#ask({ is: 'count', key, most, used, wanted, of }) as Promise<Counted | undefined>;
  }
  // oxlint-enable typescript/no-unsafe-type-assertion

  /** The supervisor has answered. What comes too late is dropped. */
  take(answers: readonly NumberedAnswer[]): void {
    this.#unheard = 0;
    for (const { call, answer } of answers) {
      const waiting = this.#waiting.get(call);
      this.#waiting.delete(call);
      waiting?.resolve(answer);
    }
  }

  /** Ends what waits. */
  async close(): Promise<void> {
    this.#giveUp(this.#last);
    await this.#shares.close();
  }

  async #ask(call: LendCall): Promise<LendAnswer> {
    if (!this.#mayAsk()) return this.#decide(call);
    const { promise, resolve } = Promise.withResolvers<LendAnswer>();
    this.#last += 1;
    this.#waiting.set(this.#last, { call, resolve });
    if (this.#unsent.length === 0) setImmediate(() => this.#send());
    this.#unsent.push({ ...call, call: this.#last });
    return await promise;
  }

  #mayAsk(): boolean {
    if (this.#waiting.size >= MOST_WAITING) return false;
    return this.#unheard < MOST_WAITING || this.#now() - this.#sentAt >= ASK_AGAIN;
  }

  #send(): void {
    const calls = this.#unsent;
    this.#unsent = [];
    this.#unheard += calls.length;
    this.#sentAt = this.#now();
    this.#deps.send(calls);
    const last = this.#last;
    // After a pause of this process the answers may be there, but timers are before messages in an event-loop iteration.
    const end = (): unknown => setImmediate(() => this.#giveUp(last));
    setTimeout(end, 2 * this.#deps.deadline + OWN_TIME).unref();
  }

  /** Decides about the calls up to a number that are not answered. */
  #giveUp(last: number): void {
    for (const [number, { call, resolve }] of this.#waiting) {
      if (number > last) return;
      this.#waiting.delete(number);
      resolve(this.#decide(call));
    }
  }

  /** What holds while the supervisor is silent. */
  #decide(call: LendCall): LendAnswer | Promise<LendAnswer> {
    if (call.is === 'lease') return this.#shares.lease(call.bucket, call.rate, call.owed, call.wanted);
    if (call.is === 'hold') return this.#shares.hold(call.key, 'this process', { ...call, ttl: PLACES_TTL });
    return undefined;
  }
}
