import type { Segment } from '../../shared-memory/series-reader.ts';
import { EXEMPLAR, type Metric, METRICS, READER_METRICS } from '../definitions.ts';
import { rowsOf } from '../key-table.ts';
import type { KeyCount } from '../top-keys.ts';

/** One series, summed over the processes where its metric is. */
export interface Sample {
  readonly labels: readonly string[];
  /** As in memory: see `valuesOf`. */
  readonly values: Float64Array;
}

/** All series of a metric. */
export interface Family {
  readonly metric: Metric;
  readonly samples: readonly Sample[];
}

/** Milliseconds after which a process that told nothing of itself counts as gone. */
const SILENT = 10_000;

const BY_NAME: ReadonlyMap<string, Metric> = new Map(METRICS.map((metric) => [metric.name, metric]));

/** Whether the process has ended because it should, as a worker does of which there are to be fewer. */
export function hasEnded({ sampledAt }: Segment): boolean {
  return sampledAt === 0;
}

export function isUp({ sampledAt }: Segment, now: number): boolean {
  return now - sampledAt < SILENT;
}

/**
 * The series of all processes together. What a process that is gone has counted stays; its gauges do not, because they would say what
 * was.
 */
export class Snapshot {
  readonly segments: readonly Segment[];
  readonly now: number;
  readonly #families = new Map<string, Map<string, Sample>>();

  constructor(segments: readonly Segment[], now: number) {
    this.segments = segments;
    this.now = now;
    for (const segment of segments) this.#addSegment(segment);
  }

  #addSegment(segment: Segment): void {
    const up = isUp(segment, this.now);
    const { worker } = segment;
    for (const { name, labels, values } of segment.series) {
      const metric = BY_NAME.get(name);
      if (metric === undefined || (metric.type === 'gauge' && !up)) continue;
      this.add(metric, metric.perWorker === true ? [...labels, worker] : labels, values);
    }
    if (hasEnded(segment)) return;
    this.add(READER_METRICS.up, [worker], [up ? 1 : 0]);
    this.add(READER_METRICS.started, [worker], [segment.startedAt / 1000]);
    this.add(READER_METRICS.lostSeries, [worker], [segment.lost]);
  }

  /** Adds the values to those that the series has. The last label of a metric with one value per process is the process. */
  add(metric: Metric, labels: readonly string[], values: ArrayLike<number>): void {
    let samples = this.#families.get(metric.name);
    if (samples === undefined) this.#families.set(metric.name, (samples = new Map<string, Sample>()));
    const key = JSON.stringify(labels);
    const known = samples.get(key);
    if (known === undefined) samples.set(key, { labels, values: Float64Array.from(values) });
    else addUp(known.values, values, metric);
  }

  /** The series of a metric, in the order of their labels. */
  family(metric: Metric): Family {
    const samples = this.#families.get(metric.name);
    if (samples === undefined) return { metric, samples: [] };
    const sorted = [...samples].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return { metric, samples: sorted.map(([, sample]) => sample) };
  }

  /** The sum of a counter over those of its series that have these values of labels. */
  total(metric: Metric, where: Readonly<Record<string, string>> = {}): number {
    const wanted = Object.entries(where).map(([label, value]) => [metric.labels.indexOf(label), value] as const);
    let sum = 0;
    for (const { labels, values } of this.#families.get(metric.name)?.values() ?? []) {
      if (wanted.every(([index, value]) => labels[index] === value)) sum += values[0] ?? 0;
    }
    return sum;
  }

  /** The rows of a table of keys of all processes. */
  rows(table: string): KeyCount[] {
    return this.segments.flatMap(({ series }) =>
      series.filter(({ name }) => name === table).flatMap(({ values }) => rowsOf(values)),
    );
  }
}

/** Counts are summed; of two exemplars the later one stays. */
function addUp(sums: Float64Array, values: ArrayLike<number>, { buckets }: Metric): void {
  const counts = buckets === undefined ? 1 : buckets.length + 2;
  for (let index = 0; index < counts; index += 1) sums[index] = (sums[index] ?? 0) + (values[index] ?? 0);
  for (let at = counts; at < sums.length; at += EXEMPLAR) {
    if ((values[at + 1] ?? 0) <= (sums[at + 1] ?? 0)) continue;
    for (let index = at; index < at + EXEMPLAR; index += 1) sums[index] = values[index] ?? 0;
  }
}
