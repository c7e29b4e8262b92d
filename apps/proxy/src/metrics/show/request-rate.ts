import type { SegmentSource } from '../../shared-memory/memory.ts';
import { SeriesReader } from '../../shared-memory/series-reader.ts';
import { SESSION_METRICS } from '../definitions.ts';
import { Snapshot } from './snapshot.ts';

/** Milliseconds over which it is measured at least. */
const LEAST = 5_000;

/** How many requests and tunnels all processes have served lately. It has no timer: whoever asks makes it look. */
export class RequestRate {
  readonly #reader: SeriesReader;
  #total: number;
  #at = performance.now();
  #rate: number | undefined = undefined;

  constructor(source: SegmentSource) {
    this.#reader = new SeriesReader(source);
    this.#total = this.#read();
  }

  /** For each second, since the last time that was asked at least five seconds ago. Undefined before that. */
  get now(): number | undefined {
    const at = performance.now();
    if (at - this.#at < LEAST) return this.#rate;
    const total = this.#read();
    this.#rate = Math.max(0, Math.round(((total - this.#total) / (at - this.#at)) * 10_000) / 10);
    [this.#total, this.#at] = [total, at];
    return this.#rate;
  }

  #read(): number {
    const snapshot = new Snapshot(this.#reader.read(), Date.now());
    return snapshot.total(SESSION_METRICS.requests) + snapshot.total(SESSION_METRICS.tunnels);
  }
}
