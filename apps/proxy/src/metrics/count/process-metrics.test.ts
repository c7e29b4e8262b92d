import type { KeptStatus } from '@inband/acme';
import {
  AccessDeniedError,
  LimitError,
  ProxyError,
  queuedBytes,
  type SessionRecord,
  sessionWriter,
  wholeBodies,
} from '@inband/core';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { sessionRecord } from '../../../test-support/session-record.ts';
import { parseConfig } from '../../config/parse-config.ts';
import { ownMemory } from '../../shared-memory/memory.ts';
import { SEGMENT_LENGTH } from '../../shared-memory/series-format.ts';
import { MetricsView } from '../show/metrics-view.ts';
import { ProcessMetrics } from './process-metrics.ts';

const atEnd: (() => void)[] = [];
afterEach(() => {
  for (const end of atEnd.splice(0)) end();
});

interface Counting {
  readonly metrics: ProcessMetrics;
  readonly buffer: SharedArrayBuffer;
  /** The lines of a metric. */
  readonly lines: (name: string, accept?: string) => string[];
}

interface Options {
  readonly hosts?: number;
  readonly byRoute?: boolean;
  readonly buffer?: SharedArrayBuffer;
  readonly dropped?: () => number;
}

function counting({
  hosts = 0,
  byRoute = true,
  buffer = new SharedArrayBuffer(SEGMENT_LENGTH),
  dropped = () => 0,
}: Options = {}): Counting {
  const metrics = new ProcessMetrics({ memory: ownMemory(buffer), hosts, byRoute, droppedLines: dropped });
  const view = new MetricsView({ source: { kind: 'own', buffer }, version: '1', hosts });
  atEnd.push(
    () => metrics.close(),
    () => view.close(),
  );
  const lines = (name: string, accept?: string): string[] =>
    view
      .expose(accept)
      .body.split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return { metrics, buffer, lines };
}

const chainer = { kind: 'directed', connectServer: () => Promise.reject(new Error('not asked')) };

/** A record of a session of the first route of the service `web`. */
function routed(change: Partial<SessionRecord> = {}): SessionRecord {
  const record = sessionRecord(change, { method: 'GET', target: { host: 'a.example', port: 80 } });
  sessionWriter.setRoute(record.session, { name: 'services.web.routes[0]', chainer });
  return record;
}

const PLACE = 'service="web",route="services.web.routes[0]"';

describe('sessions are counted', () => {
  test('by service, route, method, class of status and verdict', () => {
    const { metrics, lines } = counting();
    for (const status of [200, 204, 404]) metrics.onSession(routed({ status }));
    metrics.onSession(sessionRecord({ status: 0, aborted: true }, { method: 'BREW' }));
    metrics.onSession(sessionRecord({ status: 400 }, {}));
    expect(lines('inband_requests_total')).toEqual([
      'inband_requests_total{service="web",route="",method="none",status="4xx",verdict="accepted"} 1',
      'inband_requests_total{service="web",route="",method="other",status="none",verdict="aborted"} 1',
      `inband_requests_total{${PLACE},method="GET",status="2xx",verdict="accepted"} 2`,
      `inband_requests_total{${PLACE},method="GET",status="4xx",verdict="accepted"} 1`,
    ]);
  });

  test('with their bytes, durations and the time to the first byte', () => {
    const { metrics, lines } = counting();
    metrics.onSession(routed({ bytesIn: 3, bytesOut: 5, duration: 40, wait: 20 }));
    metrics.onSession(routed({ bytesIn: 4, bytesOut: 6, duration: 70_000, wait: undefined }));
    metrics.onSession(routed({ kind: 'tunnel', bytesIn: 1_000, bytesOut: 2_000, wait: undefined }));
    expect(lines('inband_content_bytes_total')).toEqual([
      'inband_content_bytes_total{service="web",kind="request",direction="in"} 7',
      'inband_content_bytes_total{service="web",kind="request",direction="out"} 11',
      'inband_content_bytes_total{service="web",kind="tunnel",direction="in"} 1000',
      'inband_content_bytes_total{service="web",kind="tunnel",direction="out"} 2000',
    ]);
    expect(lines('inband_tunnels_total')).toEqual([`inband_tunnels_total{${PLACE},verdict="accepted"} 1`]);
    const buckets = lines('inband_request_duration_seconds_bucket');
    expect(buckets).toContain(`inband_request_duration_seconds_bucket{${PLACE},le="0.025"} 0`);
    expect(buckets).toContain(`inband_request_duration_seconds_bucket{${PLACE},le="0.05"} 1`);
    expect(buckets).toContain(`inband_request_duration_seconds_bucket{${PLACE},le="60"} 1`);
    expect(buckets).toContain(`inband_request_duration_seconds_bucket{${PLACE},le="+Inf"} 2`);
    expect(lines('inband_request_duration_seconds_sum')).toEqual([
      `inband_request_duration_seconds_sum{${PLACE}} 70.04`,
    ]);
    expect(lines('inband_first_byte_seconds_count')).toEqual([`inband_first_byte_seconds_count{${PLACE}} 1`]);
  });

  test('with the id of the last one in each bucket, in OpenMetrics', () => {
    const { metrics, lines } = counting();
    const record = routed({ duration: 40 });
    metrics.onSession(record);
    const [bucket] = lines('inband_request_duration_seconds_bucket', 'application/openmetrics-text').filter((line) =>
      line.includes('le="0.05"'),
    );
    expect(bucket).toMatch(new RegExp(` 1 # \\{request_id="[0-9a-z]{8}-${record.session.id}"\\} 0\\.04 [0-9.]+$`));
  });

  test('with what was sent more than once, by the kind of the chainer and the cause', () => {
    const { metrics, lines } = counting();
    metrics.onSession(routed({ retries: ['reset', 'status'] }));
    metrics.onSession(routed({ retries: ['reset'] }));
    metrics.onSession(routed());
    expect(lines('inband_retries_total')).toEqual([
      'inband_retries_total{chainer="directed",cause="reset"} 2',
      'inband_retries_total{chainer="directed",cause="status"} 1',
    ]);
  });

  test('with attempts at servers as the configuration names them, and those of clients together', () => {
    const { metrics, lines } = counting();
    const record = routed();
    const address = { family: 'inet', address: '127.0.0.1', port: 81 } as const;
    sessionWriter.addAttempt(record.session, { address, duration: 3, server: 'a:81', error: 'connection_refused' });
    sessionWriter.addAttempt(record.session, { address, duration: 3, server: 'b:81' });
    sessionWriter.addAttempt(record.session, { address, duration: 3 });
    metrics.onSession(record);
    expect(lines('inband_connect_attempts_total')).toEqual([
      'inband_connect_attempts_total{chainer="directed",server="a:81",outcome="connection_refused"} 1',
      'inband_connect_attempts_total{chainer="directed",server="any",outcome="connected"} 1',
      'inband_connect_attempts_total{chainer="directed",server="b:81",outcome="connected"} 1',
    ]);
    expect(lines('inband_connect_seconds_count')).toEqual([
      'inband_connect_seconds_count{chainer="directed",server="any"} 1',
      'inband_connect_seconds_count{chainer="directed",server="b:81"} 1',
    ]);
  });

  test('by the rule that decided and the code of their error', () => {
    const { metrics, lines } = counting();
    const rule = 'services.web.access[0]';
    const decision = { verdict: 'allow', rule, reason: '', code: 'http_request_denied' } as const;
    metrics.onSession(sessionRecord({}, { method: 'GET', decision }));
    const error = new AccessDeniedError('http_request_denied', 'No.', 'services.web.access[1]');
    for (let times = 0; times < 2; times += 1) metrics.onSession(sessionRecord({ error }, { method: 'GET' }));
    expect(lines('inband_access_decisions_total')).toEqual([
      'inband_access_decisions_total{service="web",rule="services.web.access[0]",decision="allow"} 1',
      'inband_access_decisions_total{service="web",rule="services.web.access[1]",decision="deny"} 2',
    ]);
    expect(lines('inband_session_errors_total')).toEqual([
      'inband_session_errors_total{service="web",code="http_request_denied"} 2',
    ]);
  });

  test('by the limit that refused them, each once', () => {
    const { metrics, lines } = counting();
    const refused = (setting: string): SessionRecord =>
      sessionRecord({ error: new ProxyError('connection_limit_reached', 'Too many.', { setting }) }, {});
    const client = { family: 'inet', address: '127.0.0.1', port: 1 } as const;
    metrics.limited('limits.connections');
    metrics.limited('limits.connections', client);
    // The same client, which was answered.
    metrics.onSession(refused('limits.connections'));
    metrics.onSession(refused('limits.partialHeads'));
    // The same of a service. What its requests are refused for is counted by their sessions.
    metrics.limited('services.web.limits.perClient.connections', client);
    metrics.onSession(refused('services.web.limits.perClient.connections'));
    metrics.onSession(refused('services.web.limits.tunnels'));
    const setting = 'services.web.limits.perClient.requests';
    const tooOften = new LimitError('http_request_denied', 'Too often.', { status: 429, setting });
    metrics.onSession(sessionRecord({ error: tooOften }, {}));
    expect(lines('inband_limit_refusals_total')).toEqual([
      'inband_limit_refusals_total{limit="limits.connections"} 1',
      'inband_limit_refusals_total{limit="limits.partialHeads"} 1',
      'inband_limit_refusals_total{limit="services.web.limits.perClient.connections"} 1',
      'inband_limit_refusals_total{limit="services.web.limits.perClient.requests"} 1',
      'inband_limit_refusals_total{limit="services.web.limits.tunnels"} 1',
    ]);
    expect(lines('inband_accept_pauses_total')).toEqual(['inband_accept_pauses_total 1']);
  });

  test('of a TLS guard by verdict and code', async () => {
    const { metrics, lines } = counting();
    const services = { web: { proxy: 'tls', routes: [{ chainer: { type: 'inband' } }] } };
    const value = { listeners: [{ bind: '127.0.0.1:0', service: 'web' }], services };
    metrics.configure((await parseConfig({ value, baseDirectory: '/' })).config);
    metrics.onSession(sessionRecord({ kind: 'tunnel', status: 0 }, {}));
    const error = new AccessDeniedError('http_request_denied', 'No.', 'services.web.tls.allow');
    metrics.onSession(sessionRecord({ kind: 'tunnel', status: 0, error }, {}));
    expect(lines('inband_tls_guard_tunnels_total')).toEqual([
      'inband_tls_guard_tunnels_total{service="web",verdict="accepted",code="none"} 1',
      'inband_tls_guard_tunnels_total{service="web",verdict="denied-by-policy",code="http_request_denied"} 1',
    ]);
  });
});

test('values of labels that nobody has configured end somewhere', () => {
  const { metrics, lines } = counting();
  for (let index = 0; index < 1_100; index += 1) {
    const error = new AccessDeniedError('http_request_denied', 'No.', `made up by a plugin: ${index}`);
    metrics.onSession(sessionRecord({ error }, {}));
  }
  const decisions = lines('inband_access_decisions_total');
  expect(decisions).toHaveLength(1_001);
  expect(decisions).toContain('inband_access_decisions_total{service="web",rule="other",decision="deny"} 100');
});

test('connections to servers and look-ups are counted', () => {
  const { metrics, lines } = counting();
  metrics.pool.opened();
  metrics.pool.closed('expired');
  metrics.onSession(routed({ reused: true }));
  const resolver = metrics.resolver('dns');
  resolver.began();
  resolver.answeredFromCache();
  resolver.failed('dns_error');
  resolver.waiting(3);
  expect(lines('inband_server_connections_opened_total')).toEqual(['inband_server_connections_opened_total 1']);
  expect(lines('inband_server_connections_reused_total')).toEqual(['inband_server_connections_reused_total 1']);
  expect(lines('inband_server_connections_closed_total')).toEqual([
    'inband_server_connections_closed_total{reason="expired"} 1',
  ]);
  expect(lines('inband_resolver_lookups_total')).toEqual(['inband_resolver_lookups_total{resolver="dns"} 1']);
  expect(lines('inband_resolver_cache_hits_total')).toEqual(['inband_resolver_cache_hits_total{resolver="dns"} 1']);
  expect(lines('inband_resolver_failures_total')).toEqual([
    'inband_resolver_failures_total{resolver="dns",code="dns_error"} 1',
  ]);
  expect(lines('inband_resolver_waiting_lookups')).toEqual([
    'inband_resolver_waiting_lookups{resolver="dns",worker="0"} 3',
  ]);
});

test('gauges show what the process says, and dropped lines are a counter', () => {
  let dropped = 2;
  const { metrics, lines } = counting({ dropped: () => dropped });
  let pools = [{ name: 'a', up: 2, down: 1, ordered: 0 }];
  metrics.watch(() => ({
    pools,
    clients: 5,
    servers: { open: 7, idle: 3 },
    waiting: 11,
    generation: 2,
    generationsAlive: 2,
  }));
  dropped = 10;
  for (const bytes of [queuedBytes, wholeBodies]) {
    bytes.add(100);
    atEnd.push(() => bytes.add(-100));
  }
  metrics.sample();
  expect(lines('inband_queued_bytes')).toEqual([
    'inband_queued_bytes{of="bodies",worker="0"} 100',
    'inband_queued_bytes{of="peers",worker="0"} 100',
  ]);
  expect(lines('inband_client_connections')).toEqual(['inband_client_connections{worker="0"} 5']);
  expect(lines('inband_server_connections')).toEqual([
    'inband_server_connections{state="idle",worker="0"} 3',
    'inband_server_connections{state="in_use",worker="0"} 4',
  ]);
  const servers = (count: number[]): string[] =>
    ['down', 'ordered', 'up'].map(
      (state, at) => `inband_pool_servers{pool="a",state="${state}",worker="0"} ${count[at]}`,
    );
  expect(lines('inband_pool_servers')).toEqual(servers([1, 0, 2]));
  pools = [];
  metrics.sample();
  expect(lines('inband_pool_servers')).toEqual(servers([0, 0, 0]));
  expect(lines('inband_log_lines_dropped_total')).toEqual(['inband_log_lines_dropped_total 10']);
  const [resident] = lines('inband_worker_memory_bytes').filter((line) => line.includes('resident'));
  expect(Number(resident?.split(' ')[1])).toBeGreaterThan(10_000_000);
});

test('a process without a file descriptor left goes on, and shows the memory of before', () => {
  const { metrics, lines } = counting();
  const before = lines('inband_worker_memory_bytes');
  const memoryUsage = vi.spyOn(process, 'memoryUsage').mockImplementation(() => {
    throw new Error('EMFILE: too many open files, uv_resident_set_memory');
  });
  metrics.onSession(routed());
  expect(() => metrics.sample()).not.toThrow();
  expect(memoryUsage).toHaveBeenCalledOnce();
  memoryUsage.mockRestore();
  expect(before).toHaveLength(2);
  expect(lines('inband_worker_memory_bytes')).toEqual(before);
  expect(lines('inband_requests_total')).toHaveLength(1);
});

test('hosts have counters only where that is configured, and a process that follows goes on with them', () => {
  const none = counting();
  none.metrics.onSession(routed());
  none.metrics.sample();
  expect(none.lines('inband_host_requests_total')).toEqual([]);
  const first = counting({ hosts: 1 });
  first.metrics.onSession(routed({ bytesIn: 1, bytesOut: 2 }));
  first.metrics.sample();
  const next = counting({ hosts: 1, buffer: first.buffer });
  next.metrics.onSession(routed({ bytesIn: 1, bytesOut: 2 }));
  next.metrics.sample();
  expect(next.lines('inband_host_requests_total')).toEqual(['inband_host_requests_total{host="a.example"} 2']);
  expect(next.lines('inband_host_content_bytes_total')).toEqual([
    'inband_host_content_bytes_total{host="a.example"} 6',
  ]);
});

test('the counters of a host do not go back when it comes back after others had its place', () => {
  const { metrics, lines } = counting({ hosts: 1 });
  const sent = (host: string, bytesIn: number, times: number): void => {
    for (let count = 0; count < times; count += 1) {
      const record = sessionRecord({ bytesIn, bytesOut: 0 }, { method: 'GET', target: { host, port: 80 } });
      metrics.onSession(record);
    }
    metrics.sample();
  };
  const content = 'inband_host_content_bytes_total';
  sent('a.example', 100, 1);
  expect(lines(content)).toEqual([`${content}{host="a.example"} 100`]);
  for (let index = 0; index < 10; index += 1) sent(`b${index}.example`, 1, 2);
  expect(lines(content).join()).not.toContain('a.example');
  sent('a.example', 1, 10);
  expect(lines(content)).toEqual([`${content}{host="a.example"} 100`]);
});

test('routes have no counters of their own where the configuration says so', () => {
  const { metrics, lines } = counting({ byRoute: false });
  metrics.onSession(routed({ status: 200 }));
  metrics.onSession(sessionRecord({ status: 200 }, { method: 'GET' }));
  expect(lines('inband_requests_total')).toEqual([
    'inband_requests_total{service="web",route="",method="GET",status="2xx",verdict="accepted"} 2',
  ]);
});

test('latencies are told to a hundredth of a millisecond', () => {
  const { metrics, buffer } = counting();
  const view = new MetricsView({ source: { kind: 'own', buffer }, version: '1', hosts: 0 });
  atEnd.push(() => view.close());
  for (const duration of [2, 3, 3, 7, 8, 30, 33]) metrics.onSession(routed({ duration }));
  const { latency } = view.stats();
  for (const value of Object.values(latency)) expect(String(value)).toMatch(/^\d+(?:\.\d{1,2})?$/);
});

test('a process that has ended as it should leaves its counters, and is not missed', () => {
  const { metrics, lines } = counting();
  metrics.onSession(routed());
  expect(lines('inband_worker_up')).toEqual(['inband_worker_up{worker="0"} 1']);
  metrics.close();
  expect(lines('inband_worker_up')).toEqual([]);
  expect(lines('inband_worker_memory_bytes')).toEqual([]);
  expect(lines('inband_requests_total')).toHaveLength(1);
});

test('certificates show when they expire', () => {
  const buffer = new SharedArrayBuffer(SEGMENT_LENGTH);
  const shown = { source: { kind: 'own', buffer }, version: '1', hosts: 0 } as const;
  const view = new MetricsView(shown, () => [{ certificate: 'admin.tls', notAfter: 1_800_000_000_000 }]);
  atEnd.push(() => view.close());
  expect(view.expose().body).toContain(
    '\ninband_certificate_not_after_timestamp_seconds{certificate="admin.tls"} 1800000000\n',
  );
});

test('what is kept by ACME shows how it does, and nothing where nothing is kept', () => {
  const { metrics, lines } = counting();
  const kept = { name: 'a', hosts: ['a.example'], onDemand: false, isBusy: false, explanation: undefined } as const;
  let all: KeptStatus[] = [];
  metrics.watchAcme(() => all);
  metrics.sample();
  expect(lines('inband_acme_failing')).toEqual([]);
  all = [
    { ...kept, notAfter: 9e12, next: 2_000_000, lastSuccess: 1_000_000, lastFailure: undefined, error: undefined },
    { ...kept, notAfter: undefined, next: 3_000_000, lastSuccess: undefined, lastFailure: 500_000, error: 'no' },
  ];
  metrics.sample();
  expect(lines('inband_acme_failing')).toEqual(['inband_acme_failing 1']);
  expect(lines('inband_acme_next_attempt_timestamp_seconds')).toEqual([
    'inband_acme_next_attempt_timestamp_seconds 2000',
  ]);
  expect(lines('inband_acme_last_success_timestamp_seconds')).toEqual([
    'inband_acme_last_success_timestamp_seconds 1000',
  ]);
  expect(lines('inband_acme_last_failure_timestamp_seconds')).toEqual([
    'inband_acme_last_failure_timestamp_seconds 500',
  ]);
});

test('handshakes are counted by their outcome, those with clients and those with servers', () => {
  const { metrics, lines } = counting();
  metrics.handshakes.count('full');
  metrics.serverHandshakes.count('resumed');
  metrics.serverHandshakes.count('resumed');
  metrics.serverHandshakes.count('failed');
  expect(lines('inband_tls_handshakes_total')).toEqual(['inband_tls_handshakes_total{outcome="full"} 1']);
  expect(lines('inband_server_tls_handshakes_total').toSorted()).toEqual([
    'inband_server_tls_handshakes_total{outcome="failed"} 1',
    'inband_server_tls_handshakes_total{outcome="resumed"} 2',
  ]);
});
