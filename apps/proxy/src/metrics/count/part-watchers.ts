import type { PoolCloseReason, PoolWatcher, ResolverWatcher } from '@inband/core';
import type { SeriesWriter } from '../../shared-memory/series-writer.ts';
import { BoundedSeries } from './bounded-series.ts';
import { PART_METRICS } from '../definitions.ts';

const M = PART_METRICS;

/** Counts connections to servers. */
export function poolWatcher(writer: SeriesWriter): PoolWatcher {
  const opened = writer.place(M.opened.name, []);
  const closed = new BoundedSeries(writer, M.closed, (reason) => [reason]);
  const { values } = writer;
  return {
    opened: () => {
      values[opened] = values[opened]! + 1;
    },
    closed: (reason: PoolCloseReason) => closed.add(reason),
  };
}

/** Counts look-ups of one type of resolver. */
export function resolverWatcher(writer: SeriesWriter, resolver: string): ResolverWatcher {
  const lookups = writer.place(M.lookups.name, [resolver]);
  const hits = writer.place(M.cacheHits.name, [resolver]);
  const waiting = writer.place(M.lookupsWaiting.name, [resolver]);
  const failures = new BoundedSeries(writer, M.lookupFailures, (code) => [resolver, code]);
  const { values } = writer;
  values[waiting] = 0;
  return {
    answeredFromCache: () => {
      values[hits] = values[hits]! + 1;
    },
    began: () => {
      values[lookups] = values[lookups]! + 1;
    },
    failed: (code) => failures.add(code),
    waiting: (count) => {
      values[waiting] = count;
    },
  };
}
