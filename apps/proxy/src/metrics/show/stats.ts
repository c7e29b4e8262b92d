import { PART_METRICS, PROCESS_METRICS, SESSION_METRICS, SUPERVISOR_METRICS } from '../definitions.ts';
import { percentile, sumOfBuckets } from './percentile.ts';
import { hasEnded, isUp, type Snapshot } from './snapshot.ts';
import { CLIENTS_TABLE, TARGETS_TABLE } from '../tables.ts';
import { type KeyCount, topOf } from '../top-keys.ts';

/** What has been counted since the first start, over all workers and their restarts. */
export interface Totals {
  readonly requests: number;
  readonly tunnels: number;
  /** Bytes of content and of tunnels, from clients and to them. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Sessions that ended with an error and were not denied. */
  readonly errors: number;
  /** Sessions that were refused: by a rule, a limit, or because the request is invalid. */
  readonly denials: number;
  /** Clients that a limit refused. */
  readonly refusals: number;
  readonly connections: number;
  /** Sessions that an idle connection to a server served. */
  readonly reused: number;
  readonly lookups: number;
  readonly cacheHits: number;
  readonly lookupFailures: number;
  readonly droppedLines: number;
  /** Workers that were started again. */
  readonly restarts: number;
}

/** A process that serves clients, or that starts those. */
export interface WorkerStats {
  /** Its number, 0 where there is one process; `supervisor` for the process that starts the workers. */
  readonly worker: string;
  readonly pid: number;
  /** `silent`: it has told nothing of itself for ten seconds. */
  readonly state: 'up' | 'silent';
  /** Resident bytes. */
  readonly memory: number;
  /** Milliseconds by which one timer in a hundred was later in the last second. */
  readonly loopDelay: number;
}

/** A second. */
export interface Point {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly requests: number;
  readonly bytes: number;
  readonly errors: number;
  readonly denials: number;
  /** Milliseconds; null when no request ended. */
  readonly p99: number | null;
}

/** How a proxy is doing. */
export interface Stats {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Seconds since the first of its processes started. */
  readonly uptime: number;
  readonly version: string;
  readonly workers: WorkerStats[];
  readonly totals: Totals;
  /** For each second, over the last five. */
  readonly rates: Readonly<Record<'requests' | 'bytesIn' | 'bytesOut' | 'errors' | 'denials', number>>;
  /** Milliseconds that requests of the last minute took; null when none ended. */
  readonly latency: Readonly<Record<'p50' | 'p90' | 'p99', number | null>>;
  /** The clients and targets with the most requests of the last five to ten minutes. */
  readonly top: { readonly clients: KeyCount[]; readonly targets: KeyCount[] };
  /** The last two minutes. */
  readonly history: Point[];
}

/** What is kept of each second. */
interface Moment {
  readonly at: number;
  readonly totals: Totals;
  /** Of {@link SESSION_METRICS.duration}. */
  readonly buckets: readonly number[];
}

/** Points that are kept, and those over which rates and latencies are taken. */
const KEPT = 120;
const OF_RATES = 5;
const OF_LATENCY = 60;
const SHOWN = 20;

/** Keeps the last two minutes of the totals, a point a second. */
export class StatsHistory {
  readonly #moments: Moment[] = [];

  /** To be called once a second. */
  tick(snapshot: Snapshot): void {
    const buckets = sumOfBuckets(snapshot.family(SESSION_METRICS.duration));
    this.#moments.push({ at: snapshot.now, totals: totalsOf(snapshot), buckets });
    // One more than points, because each is the difference of two.
    if (this.#moments.length > KEPT + 1) this.#moments.shift();
  }

  stats(snapshot: Snapshot, version: string): Stats {
    const { now, segments } = snapshot;
    const totals = totalsOf(snapshot);
    const current: Moment = { at: now, totals, buckets: sumOfBuckets(snapshot.family(SESSION_METRICS.duration)) };
    const started = Math.min(now, ...segments.map(({ startedAt }) => startedAt));
    return {
      at: now,
      uptime: Math.round(now - started) / 1000,
      version,
      workers: workersOf(snapshot),
      totals,
      rates: ratesOf(this.#ago(OF_RATES) ?? current, current),
      latency: latencyOf(this.#ago(OF_LATENCY)?.buckets ?? [], current.buckets),
      top: {
        clients: topOf(snapshot.rows(CLIENTS_TABLE), SHOWN),
        targets: topOf(snapshot.rows(TARGETS_TABLE), SHOWN),
      },
      history: this.#points(),
    };
  }

  /** What was so many seconds ago, or at the beginning. */
  #ago(seconds: number): Moment | undefined {
    return this.#moments.at(-seconds) ?? this.#moments[0];
  }

  #points(): Point[] {
    return this.#moments.slice(1).map((moment, index) => pointOf(this.#moments[index] ?? moment, moment));
  }
}

function totalsOf(snapshot: Snapshot): Totals {
  const [sessions, parts, own] = [SESSION_METRICS, PART_METRICS, PROCESS_METRICS];
  const denied = { verdict: 'denied-by-policy' };
  const denials = snapshot.total(sessions.requests, denied) + snapshot.total(sessions.tunnels, denied);
  const bytes = (direction: string): number =>
    snapshot.total(sessions.content, { kind: 'request', direction }) + snapshot.total(own.relayed, { direction });
  return {
    requests: snapshot.total(sessions.requests),
    tunnels: snapshot.total(sessions.tunnels),
    bytesIn: bytes('in'),
    bytesOut: bytes('out'),
    errors: Math.max(0, snapshot.total(sessions.errors) - denials),
    denials,
    refusals: snapshot.total(sessions.limits),
    connections: snapshot.total(parts.opened),
    reused: snapshot.total(parts.reused),
    lookups: snapshot.total(parts.lookups),
    cacheHits: snapshot.total(parts.cacheHits),
    lookupFailures: snapshot.total(parts.lookupFailures),
    droppedLines: snapshot.total(own.logLines),
    restarts: snapshot.total(SUPERVISOR_METRICS.restarts),
  };
}

function workersOf(snapshot: Snapshot): WorkerStats[] {
  const valueOf = (metric: typeof PROCESS_METRICS.memory | typeof PROCESS_METRICS.loopDelay, ...labels: string[]) =>
    snapshot.family(metric).samples.find((sample) => sample.labels.join() === labels.join())?.values[0] ?? 0;
  return snapshot.segments
    .filter((segment) => !hasEnded(segment))
    .map((segment) => {
      const { worker } = segment;
      return {
        worker,
        pid: segment.pid,
        state: isUp(segment, snapshot.now) ? 'up' : 'silent',
        memory: valueOf(PROCESS_METRICS.memory, 'resident', worker),
        loopDelay: rounded(valueOf(PROCESS_METRICS.loopDelay, 'p99', worker) * 1000),
      };
    });
}

function ratesOf(before: Moment, after: Moment): Stats['rates'] {
  const seconds = Math.max(1, (after.at - before.at) / 1000);
  const rate = (key: keyof Totals): number => (after.totals[key] - before.totals[key]) / seconds;
  return {
    requests: rate('requests') + rate('tunnels'),
    bytesIn: rate('bytesIn'),
    bytesOut: rate('bytesOut'),
    errors: rate('errors'),
    denials: rate('denials'),
  };
}

function pointOf(before: Moment, after: Moment): Point {
  const rates = ratesOf(before, after);
  const { requests, errors, denials, bytesIn, bytesOut } = rates;
  const { p99 } = latencyOf(before.buckets, after.buckets);
  return { at: after.at, requests, bytes: bytesIn + bytesOut, errors, denials, p99 };
}

/** To a hundredth of a millisecond: buckets are not more exact, and nobody reads more digits. */
function rounded(milliseconds: number): number;
function rounded(milliseconds: number | null): number | null;
function rounded(milliseconds: number | null): number | null {
  return milliseconds === null ? null : Math.round(milliseconds * 100) / 100;
}

function latencyOf(before: readonly number[], after: readonly number[]): Stats['latency'] {
  const counts = after.map((count, index) => count - (before[index] ?? 0));
  const at = (share: number): number | null => rounded(percentile(counts, SESSION_METRICS.duration.buckets, share));
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}
