import type { HandshakeOutcome } from '@inband/tls';
import type { SeriesWriter } from '../../shared-memory/series-writer.ts';

/** Counts handshakes by their outcome. Where there is none, there is no series. */
export class HandshakeCounter {
  readonly #writer: SeriesWriter;
  readonly #metric: string;
  readonly #places = new Map<HandshakeOutcome, number>();

  constructor(writer: SeriesWriter, metric: string) {
    this.#writer = writer;
    this.#metric = metric;
  }

  /** A handshake has ended. */
  readonly count = (outcome: HandshakeOutcome): void => {
    let place = this.#places.get(outcome);
    if (place === undefined) this.#places.set(outcome, (place = this.#writer.place(this.#metric, [outcome])));
    this.#writer.values[place] = (this.#writer.values[place] ?? 0) + 1;
  };
}
