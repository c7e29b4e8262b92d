import type { KeptStatus } from '@inband/acme';
import type { SeriesWriter } from '../../shared-memory/series-writer.ts';
import { ACME_METRICS, type Metric } from '../definitions.ts';

const M = ACME_METRICS;

/** How the certificates do that are kept by ACME, of the process that asks the CA. Nothing is shown where there are none. */
export class AcmeGauges {
  readonly #writer: SeriesWriter;
  readonly #status: () => readonly KeptStatus[];

  constructor(writer: SeriesWriter, status: () => readonly KeptStatus[]) {
    this.#writer = writer;
    this.#status = status;
  }

  /** Called once a second. */
  take(): void {
    const all = this.#status();
    if (all.length === 0) return;
    this.#set(M.failing, all.filter(({ error }) => error !== undefined).length);
    this.#setTime(M.next, Math.min(...all.map(({ next }) => next)));
    this.#setTime(M.lastSuccess, Math.max(...all.map(({ lastSuccess = 0 }) => lastSuccess)));
    this.#setTime(M.lastFailure, Math.max(...all.map(({ lastFailure = 0 }) => lastFailure)));
  }

  /** 0 is no time. */
  #setTime(metric: Metric, milliseconds: number): void {
    if (milliseconds > 0) this.#set(metric, Math.round(milliseconds / 1000));
  }

  #set({ name }: Metric, value: number): void {
    this.#writer.values[this.#writer.place(name, [])] = value;
  }
}
