import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Metric, METRICS, valuesOf } from './definitions.ts';
import { SCRATCH_VALUES } from '../shared-memory/series-format.ts';

const docs = new URL('../../../../docs/', import.meta.url);
const page = (name: string): string => readFileSync(new URL(name, docs), 'utf8');

/** The name of a metric as Prometheus has it. */
const shown = ({ name, type }: Metric): string => (type === 'counter' ? `${name}_total` : name);

/** Every name that a series may have. */
const seriesNames = new Set(
  METRICS.flatMap((metric) =>
    metric.type === 'histogram' ? ['bucket', 'sum', 'count'].map((part) => `${metric.name}_${part}`) : [shown(metric)],
  ),
);

const labelsOf = ({ labels, perWorker, type }: Metric): string[] => [
  ...labels,
  ...(perWorker === true ? ['worker'] : []),
  ...(type === 'histogram' ? ['le'] : []),
];
const labelNames = new Set(METRICS.flatMap(labelsOf));

describe('metrics', () => {
  test('have names of their own, which end in their unit', () => {
    const names = METRICS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, unit } of METRICS) {
      expect(name).toMatch(/^inband_[a-z_]+$/);
      if (unit !== undefined) expect(name).toMatch(new RegExp(`_${unit}$`));
    }
  });

  test('fit where is counted what finds no room', () => {
    for (const metric of METRICS) expect(valuesOf(metric), metric.name).toBeLessThanOrEqual(SCRATCH_VALUES);
  });

  test('are all in docs/metrics.md, with what is said of them here', () => {
    const rows = METRICS.map((metric) => {
      const { type, help, labels, perWorker } = metric;
      const all = [...labels, ...(perWorker === true ? ['worker'] : [])].map((label) => `\`${label}\``).join(', ');
      return `| \`${shown(metric)}\` | ${type} | ${all === '' ? '–' : all} | ${help} |`;
    });
    const documented = page('metrics.md')
      .split('\n')
      .filter((line) => line.startsWith('| `inband_'));
    expect(documented).toEqual(rows);
  });
});

/** Names and labels in an expression of Prometheus. */
function usedIn(expression: string) {
  const names = expression.match(/\binband_\w+/g) ?? [];
  const selectors = [...expression.matchAll(/\{([^}]*)\}/g)].map(([, inside = '']) => inside);
  const matched = selectors.flatMap((inside) =>
    [...inside.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label),
  );
  const grouped = [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, inside = '']) => inside.split(/,\s*/));
  // Prometheus adds that one itself.
  return { names, labels: [...matched, ...grouped].filter((label) => label !== 'instance') };
}

const rules: unknown = parse(page('operations/alerts.yml'));
const dashboard: unknown = JSON.parse(page('operations/dashboard.json'));

/** All values of a key, at any depth. */
function valuesOfKey(value: unknown, key: string): unknown[] {
  if (Array.isArray(value)) return value.flatMap((one) => valuesOfKey(one, key));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    ...(name === key ? [inner] : []),
    ...valuesOfKey(inner, key),
  ]);
}

describe.each([
  ['alert rules', valuesOfKey(rules, 'expr')],
  ['the dashboard', [...valuesOfKey(dashboard, 'expr'), ...valuesOfKey(dashboard, 'definition')]],
])('%s', (_what, expressions) => {
  test('use metrics and labels that exist', () => {
    expect(expressions.length).toBeGreaterThan(10);
    for (const expression of expressions.map(String)) {
      const { names, labels } = usedIn(expression);
      expect(names, expression).not.toEqual([]);
      for (const name of names) expect(seriesNames, expression).toContain(name);
      for (const label of labels) expect(labelNames, expression).toContain(label);
    }
  });
});

test('texts of alerts use labels and metrics that exist', () => {
  const texts = [...valuesOfKey(rules, 'summary'), ...valuesOfKey(rules, 'description')].map(String);
  for (const text of texts) {
    for (const [, label] of text.matchAll(/\$labels\.(\w+)/g))
      expect(['instance', ...labelNames], text).toContain(label);
    for (const [name] of text.matchAll(/\binband_\w+/g)) {
      expect([...seriesNames, ...METRICS.map((metric) => metric.name)], text).toContain(name);
    }
  }
});

test('every alert is tested', () => {
  const tested = page('operations/alerts.test.yml');
  for (const alert of valuesOfKey(rules, 'alert')) expect(tested).toContain(`alertname="${String(alert)}"`);
});

test('the dashboard shows every metric that somebody would look at', () => {
  const text = JSON.stringify(dashboard);
  // What alerts or other panels show as well.
  const elsewhere = [
    'inband_worker_up',
    'inband_worker_start_time_seconds',
    'inband_metric_series_lost',
    'inband_tunnels',
  ];
  const missing = METRICS.filter(({ name }) => !text.includes(name) && !elsewhere.includes(name));
  expect(missing.map(({ name }) => name)).toEqual(['inband_request_duration_seconds']);
});
