import type { SeriesWriter } from '../../shared-memory/series-writer.ts';
import { SUPERVISOR_METRICS } from '../definitions.ts';

/** Counts reloads in the process that is asked for them. */
export class ReloadCounter {
  readonly #writer: SeriesWriter;
  readonly #done: number;
  readonly #refused: number;

  constructor(writer: SeriesWriter) {
    const { name } = SUPERVISOR_METRICS.reloads;
    this.#writer = writer;
    this.#done = writer.place(name, ['done']);
    this.#refused = writer.place(name, ['refused']);
  }

  /** Counts how `reload` ends, and passes that on. */
  async count<T>(reload: Promise<T>): Promise<T> {
    try {
      const result = await reload;
      this.#add(this.#done);
      return result;
    } catch (error) {
      this.#add(this.#refused);
      throw error;
    }
  }

  #add(place: number): void {
    const { values } = this.#writer;
    values[place] = values[place]! + 1;
  }
}
