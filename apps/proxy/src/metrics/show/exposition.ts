import { EXEMPLAR, type Metric, METRICS } from '../definitions.ts';
import { unpacked } from '../exemplar-tag.ts';
import type { Family, Sample, Snapshot } from './snapshot.ts';

/** A format in which metrics are shown. */
export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8';
const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** Writes a snapshot in the format that `accept`, a field of HTTP, asks for: OpenMetrics, by default that of Prometheus. */
export function expose(snapshot: Snapshot, accept = ''): Exposition {
  const open = prefersOpenMetrics(accept);
  const families = METRICS.map((metric) => snapshot.family(metric)).filter(({ samples }) => samples.length > 0);
  const lines = families.flatMap((family) => [...headOf(family.metric, open), ...linesOf(family, open)]);
  if (open) lines.push('# EOF');
  return { contentType: open ? OPENMETRICS : PROMETHEUS, body: `${lines.join('\n')}\n` };
}

/** Prometheus names both, OpenMetrics with the greater weight. */
function prefersOpenMetrics(accept: string): boolean {
  const weightOf = (type: string): number => {
    const range = accept.split(',').find((one) => one.split(';', 1)[0]?.trim().toLowerCase() === type);
    if (range === undefined) return 0;
    const [, weight = '1'] = /;\s*q=([0-9.]+)/i.exec(range) ?? [];
    return Number(weight);
  };
  const weight = weightOf('application/openmetrics-text');
  return weight > 0 && weight >= weightOf('text/plain');
}

/** In the format of Prometheus the family of a counter has the name of its samples, in OpenMetrics it has not. */
function headOf({ name, type, help, unit }: Metric, open: boolean): string[] {
  const family = type === 'counter' && !open ? `${name}_total` : name;
  const head = [`# HELP ${family} ${escapeHelp(help)}`, `# TYPE ${family} ${type}`];
  return open && unit !== undefined ? [...head, `# UNIT ${family} ${unit}`] : head;
}

function linesOf({ metric, samples }: Family, open: boolean): string[] {
  const names = metric.perWorker === true ? [...metric.labels, 'worker'] : metric.labels;
  if (metric.buckets !== undefined) return samples.flatMap((sample) => histogramLines(metric, sample, open));
  const name = metric.type === 'counter' ? `${metric.name}_total` : metric.name;
  return samples.map(({ labels, values }) => `${name}${labelText(names, labels)} ${number(values[0] ?? 0)}`);
}

function histogramLines({ name, labels: names, buckets = [] }: Metric, sample: Sample, open: boolean): string[] {
  const { labels, values } = sample;
  const lines: string[] = [];
  // Once for all buckets, because thousands of routes have two histograms each.
  const pairs = labelPairs(names, labels);
  const before = `${name}_bucket{${pairs === '' ? '' : `${pairs},`}le="`;
  let count = 0;
  for (let bucket = 0; bucket <= buckets.length; bucket += 1) {
    count += values[bucket] ?? 0;
    const bound = bucketBound(buckets[bucket], open);
    const exemplar = open ? exemplarText(values, buckets.length + 2 + bucket * EXEMPLAR) : '';
    lines.push(`${before}${bound}"} ${count}${exemplar}`);
  }
  const text = inBraces(pairs);
  return [...lines, `${name}_sum${text} ${number(values[buckets.length + 1] ?? 0)}`, `${name}_count${text} ${count}`];
}

/** OpenMetrics writes bounds as floating point numbers: `1.0`. */
function bucketBound(bound: number | undefined, open: boolean): string {
  if (bound === undefined) return '+Inf';
  return open && Number.isInteger(bound) ? bound.toFixed(1) : String(bound);
}

/** The id is the one of log lines and error pages. */
function exemplarText(values: Float64Array, at: number): string {
  const [value = 0, time = 0, session = 0, tag = 0] = values.subarray(at, at + EXEMPLAR);
  if (time === 0) return '';
  return ` # {request_id="${escapeLabel(`${unpacked(tag)}-${session}`)}"} ${number(value)} ${number(time / 1000)}`;
}

function labelText(names: readonly string[], values: readonly string[]): string {
  return inBraces(labelPairs(names, values));
}

/** `service="web",route="x"`. */
function labelPairs(names: readonly string[], values: readonly string[]): string {
  return names.map((name, index) => `${name}="${escapeLabel(values[index] ?? '')}"`).join(',');
}

function inBraces(pairs: string): string {
  return pairs === '' ? '' : `{${pairs}}`;
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function number(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}
