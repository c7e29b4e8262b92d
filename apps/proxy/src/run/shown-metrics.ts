import type { Config } from '../config/schema/schema.ts';
import type { ShownMetrics } from '../metrics/show/metrics-view.ts';
import type { SegmentSource } from '../shared-memory/memory.ts';
import { packageVersion } from '../own-files/own-files.ts';

/** What has to be known to show what processes count. */
export function shownMetrics(source: SegmentSource, { metrics }: Config): ShownMetrics {
  return { source, version: packageVersion(), hosts: metrics?.hosts ?? 0 };
}
