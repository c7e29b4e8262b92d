import { isPromise, type Logger, type ProxyError, type SessionListener, type SessionRecord } from '@inband/core';
import type { Reloaded } from '../run/running.ts';

/** What a program can listen to, with what its listeners get. */
export interface InbandEventMap {
  /** A request or a tunnel has ended. */
  readonly session: readonly [record: SessionRecord];
  /** A request or a tunnel has ended with an error: it was refused, or failed. `session` comes as well. */
  readonly error: readonly [error: ProxyError, record: SessionRecord];
  /** A reload has succeeded, whoever asked for it. */
  readonly reload: readonly [reloaded: Reloaded];
}

/** Called for an event. What it throws, or rejects with, is logged as a defect, and affects nobody. */
export type InbandListenerOf<Event extends keyof InbandEventMap> = (...what: InbandEventMap[Event]) => void;

/** The listeners of a program, by event. */
export class InbandEvents {
  readonly #listeners: { readonly [Event in keyof InbandEventMap]: Set<InbandListenerOf<Event>> } = {
    session: new Set(),
    error: new Set(),
    reload: new Set(),
  };
  readonly #logger: Logger;
  readonly #changed: () => void;

  /** `changed` is called when `listener` may have changed. */
  constructor(logger: Logger, changed: () => void) {
    this.#logger = logger;
    this.#changed = changed;
  }

  /** Returns what ends it. Throws what plain JavaScript may get wrong. */
  on<Event extends keyof InbandEventMap>(event: Event, listener: InbandListenerOf<Event>): () => void {
    if (!Object.hasOwn(this.#listeners, event)) {
      throw new TypeError(`There is no event "${event}"; there are ${Object.keys(this.#listeners).join(', ')}.`);
    }
    if (typeof listener !== 'function') throw new TypeError(`The listener of "${event}" is no function.`);
    const listeners = this.#listeners[event];
    // So that the same function, given twice, is two listeners.
    const own: InbandListenerOf<Event> = (...what) => listener(...what);
    listeners.add(own);
    this.#changed();
    return () => {
      listeners.delete(own);
      this.#changed();
    };
  }

  /** What is to be called at the end of sessions. Undefined where nobody listens: then no record need be made. */
  get listener(): SessionListener | undefined {
    return this.#listeners.session.size + this.#listeners.error.size > 0 ? this.#sessionEnded : undefined;
  }

  readonly #sessionEnded = (record: SessionRecord): void => {
    this.#emit('session', record);
    if (record.error !== undefined) this.#emit('error', record.error, record);
  };

  reloaded(reloaded: Reloaded): void {
    this.#emit('reload', reloaded);
  }

  #emit<Event extends keyof InbandEventMap>(event: Event, ...what: InbandEventMap[Event]): void {
    const defect = (err: unknown): void => this.#logger.error({ err, event }, 'defect of a listener');
    for (const listener of this.#listeners[event]) {
      try {
        // The type of a listener allows an async function.
        const result: unknown = listener(...what);
        if (isPromise(result)) result.catch(defect);
      } catch (error) {
        defect(error);
      }
    }
  }
}
