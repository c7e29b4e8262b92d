import type { SeriesWriter } from '../../shared-memory/series-writer.ts';
import type { Metric } from '../definitions.ts';

/** More values than a configuration has. Others are counted as `other`, because a plugin could make up names without end. */
const MOST = 1_000;

/** Counters that differ in one label, whose values are known only when they occur. */
export class BoundedSeries {
  readonly #writer: SeriesWriter;
  readonly #metric: Metric;
  readonly #labels: (value: string) => readonly string[];
  readonly #places = new Map<string, number>();

  constructor(writer: SeriesWriter, metric: Metric, labels: (value: string) => readonly string[]) {
    this.#writer = writer;
    this.#metric = metric;
    this.#labels = labels;
  }

  add(value: string, by = 1): void {
    const place = this.#places.get(value) ?? this.#find(value);
    const { values } = this.#writer;
    values[place] = values[place]! + by;
  }

  #find(value: string): number {
    if (this.#places.size >= MOST) return this.#writer.place(this.#metric.name, this.#labels('other'));
    const place = this.#writer.place(this.#metric.name, this.#labels(value));
    this.#places.set(value, place);
    return place;
  }
}
