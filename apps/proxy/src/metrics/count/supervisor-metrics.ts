import type { SegmentMemory } from '../../shared-memory/memory.ts';
import type { KeptStatus } from '@inband/acme';
import { SeriesWriter } from '../../shared-memory/series-writer.ts';
import { SUPERVISOR_METRICS } from '../definitions.ts';
import { AcmeGauges } from './acme-gauges.ts';
import { ProcessGauges } from './process-gauges.ts';
import { ReloadCounter } from './reload-counter.ts';
import { type ClusterGauges, StoreCounter } from './store-counter.ts';

const EVERY = 1_000;

/** What the process counts that starts the workers, to its end. */
export class SupervisorMetrics {
  readonly reloads: ReloadCounter;
  readonly #writer: SeriesWriter;
  readonly #gauges: ProcessGauges;
  readonly #droppedLines: () => number;
  readonly #restarts: number;
  #acme: AcmeGauges | undefined = undefined;
  #store: StoreCounter | undefined = undefined;

  constructor(memory: SegmentMemory, droppedLines: () => number) {
    this.#writer = new SeriesWriter(memory, { pid: process.pid, startedAt: performance.timeOrigin });
    this.#gauges = new ProcessGauges(this.#writer);
    this.#droppedLines = droppedLines;
    this.reloads = new ReloadCounter(this.#writer);
    this.#restarts = this.#writer.place(SUPERVISOR_METRICS.restarts.name, []);
    this.#sample();
    setInterval(() => this.#sample(), EVERY).unref();
  }

  /** A worker has ended, and is started again. */
  readonly restarted = (): void => {
    const { values } = this.#writer;
    values[this.#restarts] = values[this.#restarts]! + 1;
  };

  /** From now on gauges show this. */
  watchAcme(status: () => readonly KeptStatus[]): void {
    this.#acme = new AcmeGauges(this.#writer, status);
  }

  /** From now on gauges show this of a cluster. Returns what counts the calls of its store. */
  countStore(gauges: () => ClusterGauges): StoreCounter {
    return (this.#store = new StoreCounter(this.#writer, gauges));
  }

  #sample(): void {
    this.#acme?.take();
    this.#store?.take();
    this.#gauges.take(undefined, this.#droppedLines());
    this.#writer.sampled(Date.now());
  }
}
