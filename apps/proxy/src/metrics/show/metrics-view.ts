import { readdirSync } from 'node:fs';
import type { SegmentSource } from '../../shared-memory/memory.ts';
import { type Segment, SeriesReader } from '../../shared-memory/series-reader.ts';
import { READER_METRICS } from '../definitions.ts';
import { expose, type Exposition } from './exposition.ts';
import { isUp, Snapshot } from './snapshot.ts';
import { type Stats, StatsHistory } from './stats.ts';
import { HOSTS_TABLE } from '../tables.ts';
import { type KeyCount, topOf } from '../top-keys.ts';

/** A certificate that is configured. */
export interface ShownCertificate {
  /** `admin.tls`, or the file of a listener's. */
  readonly certificate: string;
  /** Milliseconds since 1970. */
  readonly notAfter: number;
}

/** What is shown. It can be passed to a thread. */
export interface ShownMetrics {
  readonly source: SegmentSource;
  /** Of Inband. */
  readonly version: string;
  /** `metrics.hosts`. */
  readonly hosts: number;
}

/** Hosts whose counters are known, of those that were ever among the most frequent ones. */
const MOST_REMEMBERED = 10_000;
/** Milliseconds between two points of the history. */
const EVERY = 1_000;

/**
 * Shows the metrics of all processes. It reads memory only, so it can run in any process or thread, and waits for nobody. `close` ends
 * its timer.
 */
export class MetricsView {
  readonly #shown: ShownMetrics;
  readonly #certificates: () => readonly ShownCertificate[];
  readonly #reader: SeriesReader;
  readonly #history = new StatsHistory();
  readonly #timer: NodeJS.Timeout;
  /** What hosts had when they were seen last, the one that was not seen for longest first. */
  readonly #hosts = new Map<string, KeyCount>();

  constructor(shown: ShownMetrics, certificates: () => readonly ShownCertificate[] = () => []) {
    this.#shown = shown;
    this.#certificates = certificates;
    this.#reader = new SeriesReader(shown.source);
    this.#history.tick(this.#snapshot());
    this.#timer = setInterval(() => this.#history.tick(this.#snapshot()), EVERY).unref();
  }

  #snapshot(): Snapshot {
    return new Snapshot(this.#reader.read(), Date.now());
  }

  /** In the format that `accept` asks for. */
  expose(accept?: string): Exposition {
    const snapshot = this.#snapshot();
    snapshot.add(READER_METRICS.build, [this.#shown.version, process.version], [1]);
    for (const { certificate, notAfter } of this.#certificates()) {
      snapshot.add(READER_METRICS.certificates, [certificate], [notAfter / 1000]);
    }
    for (const segment of snapshot.segments) addDescriptors(snapshot, segment);
    this.#addHosts(snapshot);
    return expose(snapshot, accept);
  }

  stats(): Stats {
    return this.#history.stats(this.#snapshot(), this.#shown.version);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /**
   * A host whose place another one took in one of the workers would have less than before, also when it comes back much later. A counter
   * must not go back, so it is shown what it had until it has more.
   */
  #addHosts(snapshot: Snapshot): void {
    const { hosts } = this.#shown;
    if (hosts === 0) return;
    const rows = topOf(snapshot.rows(HOSTS_TABLE), Infinity).map((row) => highest(row, this.#hosts.get(row.key)));
    for (const row of rows) this.#remember(row);
    for (const { key, requests, bytes } of topOf(rows, hosts)) {
      snapshot.add(READER_METRICS.hostRequests, [key], [requests]);
      snapshot.add(READER_METRICS.hostContent, [key], [bytes]);
    }
  }

  #remember(row: KeyCount): void {
    this.#hosts.delete(row.key);
    this.#hosts.set(row.key, row);
    if (this.#hosts.size <= MOST_REMEMBERED) return;
    for (const oldest of this.#hosts.keys()) return void this.#hosts.delete(oldest);
  }
}

function highest(now: KeyCount, before: KeyCount | undefined): KeyCount {
  if (before === undefined) return now;
  const { key } = now;
  return { key, requests: Math.max(now.requests, before.requests), bytes: Math.max(now.bytes, before.bytes) };
}

/** Read here and not in the process itself, because listing many descriptors takes milliseconds. */
function addDescriptors(snapshot: Snapshot, segment: Segment): void {
  if (!isUp(segment, snapshot.now)) return;
  try {
    const open = readdirSync(`/proc/${segment.pid}/fd`).length;
    snapshot.add(READER_METRICS.descriptors, [segment.worker], [open]);
  } catch {
    // Not this system, or the process has just ended.
  }
}
