import { errorFacts, lookupChannel, type ProxyError, type Resolution, type Session } from '@inband/core';

/** What a look-up tells on `inband:lookup`. To be made only where that channel has subscribers. */
export class PublishedLookup {
  readonly #session: number;
  readonly #host: string;
  readonly #begun = performance.now();

  constructor({ id }: Session, host: string) {
    this.#session = id;
    this.#host = host;
    lookupChannel.publish({ event: 'started', session: id, host });
  }

  answered({ addresses }: Resolution): void {
    lookupChannel.publish({ event: 'answered', ...this.#common(), addresses: addresses.length, ...this.#time() });
  }

  failed(error: ProxyError): void {
    lookupChannel.publish({ event: 'failed', ...this.#common(), ...this.#time(), error: errorFacts(error) });
  }

  #common() {
    return { session: this.#session, host: this.#host };
  }

  #time() {
    return { milliseconds: performance.now() - this.#begun };
  }
}
