import type { SeriesWriter } from '../../shared-memory/series-writer.ts';
import { packed } from '../exemplar-tag.ts';
import { EXEMPLAR, type Metric, valuesOf } from '../definitions.ts';

/** Where exemplars come from. */
export interface Exemplars {
  /** The tag of the process: see `requestId`. Eight ASCII characters. */
  readonly tag: string;
  /** Milliseconds since 1970, to the second, because it is read for each request. */
  readonly now: () => number;
}

/**
 * One histogram in memory: counts of buckets (each by itself), their sum, and for each bucket the last session as its exemplar.
 * It takes memory from its first observation on.
 */
export class Histogram {
  readonly #writer: SeriesWriter;
  readonly #metric: Metric;
  readonly #labels: readonly string[];
  readonly #exemplars: Exemplars;
  /** In milliseconds. */
  readonly #bounds: Float64Array;
  readonly #tag: number;
  #first = 0;

  constructor(writer: SeriesWriter, metric: Metric, labels: readonly string[], exemplars: Exemplars) {
    this.#writer = writer;
    this.#metric = metric;
    this.#labels = labels;
    this.#exemplars = exemplars;
    this.#tag = packed(exemplars.tag);
    this.#bounds = Float64Array.from(metric.buckets ?? [], (bound) => bound * 1000);
  }

  /** `milliseconds` that `session` took. */
  observe(milliseconds: number, session: number): void {
    const first = this.#first || this.#find();
    const { values } = this.#writer;
    const { length } = this.#bounds;
    let bucket = 0;
    while (bucket < length && milliseconds > this.#bounds[bucket]!) bucket += 1;
    const sum = first + length + 1;
    values[first + bucket] = values[first + bucket]! + 1;
    values[sum] = values[sum]! + milliseconds / 1000;
    const exemplar = sum + 1 + bucket * EXEMPLAR;
    values[exemplar] = milliseconds / 1000;
    values[exemplar + 1] = this.#exemplars.now();
    values[exemplar + 2] = session;
    values[exemplar + 3] = this.#tag;
  }

  #find(): number {
    return (this.#first = this.#writer.place(this.#metric.name, this.#labels, valuesOf(this.#metric)));
  }
}
