import { expect, test } from 'vitest';
import { ownMemory } from '../../shared-memory/memory.ts';
import { SEGMENT_LENGTH } from '../../shared-memory/series-format.ts';
import { SeriesWriter } from '../../shared-memory/series-writer.ts';
import { CLUSTER_METRICS, valuesOf } from '../definitions.ts';
import { type ClusterGauges, StoreCounter } from './store-counter.ts';

function counting() {
  const memory = ownMemory(new SharedArrayBuffer(SEGMENT_LENGTH));
  const writer = new SeriesWriter(memory, { pid: 1, startedAt: 0 });
  const config: ClusterGauges['config'] = { version: 17, isFailed: false, stale: 0.5 };
  const gauges = { isUp: true, members: 3, config };
  const counter = new StoreCounter(writer, () => gauges);
  const valueOf = (name: string, labels: readonly string[]): number => writer.values[writer.place(name, labels)] ?? 0;
  const durations = (): number[] => {
    const { name } = CLUSTER_METRICS.seconds;
    const length = valuesOf(CLUSTER_METRICS.seconds);
    const first = writer.place(name, [], length);
    return Array.from(writer.values.subarray(first, first + length));
  };
  return { counter, gauges, valueOf, durations };
}

test('calls of a store are counted by what became of them, and their time but of those that were not made', () => {
  const { counter, valueOf, durations } = counting();
  counter.called('ok', 0.2);
  counter.called('ok', 3);
  counter.called('timeout', 1_000);
  counter.called('away', 0);
  const calls = ['ok', 'timeout', 'away'].map((result) => valueOf('inband_store_calls', [result]));
  expect(calls).toEqual([2, 1, 1]);
  expect(durations()).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, expect.closeTo(1.0032)]);
});

test('gauges show whether the store answers, and how many members there are', () => {
  const { counter, gauges, valueOf } = counting();
  counter.take();
  expect([valueOf('inband_store_up', []), valueOf('inband_cluster_members', [])]).toEqual([1, 3]);
  gauges.isUp = false;
  counter.take();
  expect(valueOf('inband_store_up', [])).toBe(0);
});

test('parts of limits are counted by who decided', () => {
  const { counter, valueOf } = counting();
  counter.lent('store');
  counter.lent('away');
  counter.lent('away');
  expect(['store', 'away'].map((decided) => valueOf('inband_limit_leases', [decided]))).toEqual([1, 2]);
});

test('gauges show which version of the configuration of all is run, and how old what is known of it is', () => {
  const { counter, gauges, valueOf } = counting();
  const shown = (): number[] =>
    ['version', 'failed', 'stale_seconds'].map((name) => valueOf(`inband_cluster_config_${name}`, []));
  counter.take();
  expect(shown()).toEqual([17, 0, 0.5]);
  gauges.config = { version: 0, isFailed: true, stale: 60 };
  counter.take();
  expect(shown()).toEqual([0, 1, 60]);
});
