import { expect, test } from 'vitest';
import { sessionRecord } from '../../../test-support/session-record.ts';
import { ownMemory } from '../../shared-memory/memory.ts';
import { SEGMENT_LENGTH } from '../../shared-memory/series-format.ts';
import { SeriesWriter } from '../../shared-memory/series-writer.ts';
import { SESSION_METRICS } from '../definitions.ts';
import { SessionCounters } from './session-counters.ts';

test('what no configuration in use has is forgotten, and goes on in its series when it comes back', () => {
  const writer = new SeriesWriter(ownMemory(new SharedArrayBuffer(SEGMENT_LENGTH)), { pid: 1, startedAt: 0 });
  const counters = new SessionCounters(writer, { now: () => 0, reused: writer.place('reused', []), byRoute: true });
  const count = (): void => counters.count(sessionRecord({ kind: 'request', bytesIn: 5 }, { method: 'GET' }));
  count();
  expect(counters.services).toBe(1);
  counters.configure(new Set(['other']), new Set());
  expect(counters.services).toBe(0);
  count();
  expect(counters.services).toBe(1);
  const place = writer.place(SESSION_METRICS.content.name, ['web', 'request', 'in']);
  expect(writer.values[place]).toBe(10);
});
