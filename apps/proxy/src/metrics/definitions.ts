/** One metric. docs/metrics.md says the same of each, and a test compares the two. */
export interface Metric {
  /** Without `_total`, which counters have behind it. */
  readonly name: string;
  /** `counter` only grows, over restarts of a worker too. `gauge` is what was so a moment ago. */
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** The values of all are from the configuration, or of a closed set. */
  readonly labels: readonly string[];
  readonly unit?: 'seconds' | 'bytes' | 'ratio';
  /** Whether each process has its own value, with the label `worker`. The others are sums over all. */
  readonly perWorker?: boolean;
  /** Of a histogram: the upper bounds of its buckets, in its unit. There is one more above the last. */
  readonly buckets?: readonly number[];
  /** Whether each bucket has an exemplar: the last session that was counted in it. */
  readonly exemplars?: boolean;
}

const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const PLACE = ['service', 'route'];

function metric<const M extends Metric>(one: M): M {
  return one;
}

/** What sessions leave behind. */
export const SESSION_METRICS = {
  requests: metric({
    name: 'inband_requests',
    type: 'counter',
    help: 'Requests that have ended, without those that became tunnels.',
    labels: [...PLACE, 'method', 'status', 'verdict'],
  }),
  tunnels: metric({
    name: 'inband_tunnels',
    type: 'counter',
    help: 'Tunnels that have ended: CONNECT, switched protocols, and those of the TLS guard.',
    labels: [...PLACE, 'verdict'],
  }),
  content: metric({
    name: 'inband_content_bytes',
    type: 'counter',
    unit: 'bytes',
    help: 'Bytes of content and of tunnels from clients (in) and to them (out), counted when the session ends.',
    labels: ['service', 'kind', 'direction'],
  }),
  duration: metric({
    name: 'inband_request_duration_seconds',
    type: 'histogram',
    unit: 'seconds',
    help: 'Time from the head of a request to the end of its response.',
    labels: PLACE,
    buckets: BUCKETS,
    exemplars: true,
  }),
  firstByte: metric({
    name: 'inband_first_byte_seconds',
    type: 'histogram',
    unit: 'seconds',
    help: 'Time from the head of a request to the first byte of its server.',
    labels: PLACE,
    buckets: BUCKETS,
    exemplars: true,
  }),
  attempts: metric({
    name: 'inband_connect_attempts',
    type: 'counter',
    help: 'Attempts to connect to a server, by the kind of the chainer, the server as configured, and the outcome.',
    labels: ['chainer', 'server', 'outcome'],
  }),
  connect: metric({
    name: 'inband_connect_seconds',
    type: 'histogram',
    unit: 'seconds',
    help: 'Time that successful attempts to connect to a server took.',
    labels: ['chainer', 'server'],
    buckets: BUCKETS,
    exemplars: true,
  }),
  retries: metric({
    name: 'inband_retries',
    type: 'counter',
    help: 'How often requests were sent once more, by the kind of the chainer and the cause: see docs/logging.md.',
    labels: ['chainer', 'cause'],
  }),
  errors: metric({
    name: 'inband_session_errors',
    type: 'counter',
    help: 'Sessions that ended with an error, by its code: see docs/errors.md.',
    labels: ['service', 'code'],
  }),
  decisions: metric({
    name: 'inband_access_decisions',
    type: 'counter',
    help: 'Sessions by the rule, default, limit or setting that decided about them.',
    labels: ['service', 'rule', 'decision'],
  }),
  guarded: metric({
    name: 'inband_tls_guard_tunnels',
    type: 'counter',
    help: 'Tunnels through a TLS guard that have ended, by verdict and the code of the error.',
    labels: ['service', 'verdict', 'code'],
  }),
  limits: metric({
    name: 'inband_limit_refusals',
    type: 'counter',
    help: 'Clients and requests that a limit refused, by its setting.',
    labels: ['limit'],
  }),
} as const;

/** What parts of the core count while they work. */
export const PART_METRICS = {
  pauses: metric({
    name: 'inband_accept_pauses',
    type: 'counter',
    help: 'How often a listener stopped accepting because limits.connections was reached.',
    labels: [],
  }),
  handshakes: metric({
    name: 'inband_tls_handshakes',
    type: 'counter',
    help: 'TLS handshakes with clients: full, resumed and failed.',
    labels: ['outcome'],
  }),
  serverHandshakes: metric({
    name: 'inband_server_tls_handshakes',
    type: 'counter',
    help: 'TLS handshakes with servers: full, resumed and failed, as with one that is not the right server.',
    labels: ['outcome'],
  }),
  opened: metric({
    name: 'inband_server_connections_opened',
    type: 'counter',
    help: 'Connections to servers that were made.',
    labels: [],
  }),
  reused: metric({
    name: 'inband_server_connections_reused',
    type: 'counter',
    help: 'Sessions that an idle connection to a server served.',
    labels: [],
  }),
  closed: metric({
    name: 'inband_server_connections_closed',
    type: 'counter',
    help: 'Connections to servers that were closed, by the reason: see docs/diagnostics.md.',
    labels: ['reason'],
  }),
  lookups: metric({
    name: 'inband_resolver_lookups',
    type: 'counter',
    help: 'Look-ups of names that began, by the type of the resolver.',
    labels: ['resolver'],
  }),
  cacheHits: metric({
    name: 'inband_resolver_cache_hits',
    type: 'counter',
    help: 'Names that the cache of the resolver answered.',
    labels: ['resolver'],
  }),
  lookupFailures: metric({
    name: 'inband_resolver_failures',
    type: 'counter',
    help: 'Look-ups that failed, by the code of the error.',
    labels: ['resolver', 'code'],
  }),
  lookupsWaiting: metric({
    name: 'inband_resolver_waiting_lookups',
    type: 'gauge',
    help: 'Look-ups in the queue of the resolver.',
    labels: ['resolver'],
    perWorker: true,
  }),
} as const;

/** What is read off a process once a second. */
export const PROCESS_METRICS = {
  clients: metric({
    name: 'inband_client_connections',
    type: 'gauge',
    help: 'Client connections that are open.',
    labels: [],
    perWorker: true,
  }),
  serversInUse: metric({
    name: 'inband_server_connections',
    type: 'gauge',
    help: 'Connections to servers that are open, in use or idle.',
    labels: ['state'],
    perWorker: true,
  }),
  poolServers: metric({
    name: 'inband_pool_servers',
    type: 'gauge',
    help: 'Servers of a pool that are up, down, or taken out by an operator (ordered), by the place of its chainer.',
    labels: ['pool', 'state'],
    perWorker: true,
  }),
  tunnelsOpen: metric({
    name: 'inband_tunnels_open',
    type: 'gauge',
    help: 'Tunnels that are open.',
    labels: [],
    perWorker: true,
  }),
  relayed: metric({
    name: 'inband_relayed_bytes',
    type: 'counter',
    unit: 'bytes',
    help: 'Bytes that tunnels have carried from clients (in) and to them (out), counted while they are open.',
    labels: ['direction'],
  }),
  waiting: metric({
    name: 'inband_waiting_bytes',
    type: 'gauge',
    unit: 'bytes',
    help: 'Memory of bytes that cannot be used yet, such as incomplete heads, against limits.partialHeads.',
    labels: [],
    perWorker: true,
  }),
  queued: metric({
    name: 'inband_queued_bytes',
    type: 'gauge',
    unit: 'bytes',
    help: 'Bytes in memory: for peers that do not keep up (peers), against limits.queued, and of bodies that filters get whole (bodies).',
    labels: ['of'],
    perWorker: true,
  }),
  generation: metric({
    name: 'inband_generation',
    type: 'gauge',
    help: 'The number of the current configuration, from 1.',
    labels: [],
    perWorker: true,
  }),
  generationsAlive: metric({
    name: 'inband_generations_alive',
    type: 'gauge',
    help: 'Configurations in use: the current one, and older ones whose sessions have not ended.',
    labels: [],
    perWorker: true,
  }),
  logLines: metric({
    name: 'inband_log_lines_dropped',
    type: 'counter',
    help: 'Lines of the log that were dropped because nobody took them.',
    labels: [],
  }),
  memory: metric({
    name: 'inband_worker_memory_bytes',
    type: 'gauge',
    unit: 'bytes',
    help: 'Memory of the process: resident, and what of it the JavaScript heap uses.',
    labels: ['kind'],
    perWorker: true,
  }),
  cpu: metric({
    name: 'inband_worker_cpu_seconds',
    type: 'counter',
    unit: 'seconds',
    help: 'Processor time of the process.',
    labels: ['mode'],
    perWorker: true,
  }),
  descriptorLimit: metric({
    name: 'inband_worker_descriptor_limit',
    type: 'gauge',
    help: 'File descriptors that the process may have open (ulimit -n), where that is known.',
    labels: [],
    perWorker: true,
  }),
  loopDelay: metric({
    name: 'inband_worker_loop_delay_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'By how much timers were late in the last second: the mean, the 99th percentile and the worst.',
    labels: ['statistic'],
    perWorker: true,
  }),
  loopUse: metric({
    name: 'inband_worker_loop_utilization_ratio',
    type: 'gauge',
    unit: 'ratio',
    help: 'The share of the last second in which the event loop was busy.',
    labels: [],
    perWorker: true,
  }),
} as const;

/** What whoever reads the memory knows by itself. */
export const READER_METRICS = {
  up: metric({
    name: 'inband_worker_up',
    type: 'gauge',
    help: 'Whether the process has told of itself in the last ten seconds.',
    labels: [],
    perWorker: true,
  }),
  started: metric({
    name: 'inband_worker_start_time_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'When the process started, in seconds since 1970.',
    labels: [],
    perWorker: true,
  }),
  descriptors: metric({
    name: 'inband_worker_open_descriptors',
    type: 'gauge',
    help: 'File descriptors that the process has open. Linux only.',
    labels: [],
    perWorker: true,
  }),
  lostSeries: metric({
    name: 'inband_metric_series_lost',
    type: 'gauge',
    help: 'Series that found no room in the memory of the metrics, and are missing here.',
    labels: [],
    perWorker: true,
  }),
  build: metric({
    name: 'inband_build_info',
    type: 'gauge',
    help: 'Always 1, with the versions.',
    labels: ['version', 'node'],
  }),
  certificates: metric({
    name: 'inband_certificate_not_after_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'When a certificate expires, in seconds since 1970.',
    labels: ['certificate'],
  }),
  hostRequests: metric({
    name: 'inband_host_requests',
    type: 'counter',
    help: 'Requests and tunnels to the hosts with the most of them: metrics.hosts. An upper bound.',
    labels: ['host'],
  }),
  hostContent: metric({
    name: 'inband_host_content_bytes',
    type: 'counter',
    unit: 'bytes',
    help: 'Bytes of content and of tunnels, both ways, to the same hosts.',
    labels: ['host'],
  }),
} as const;

/** How the certificates do that are kept by ACME, of the process that asks the CA. */
export const ACME_METRICS = {
  failing: metric({
    name: 'inband_acme_failing',
    type: 'gauge',
    help: 'Certificates by ACME whose last attempt failed.',
    labels: [],
  }),
  next: metric({
    name: 'inband_acme_next_attempt_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'When the next certificate is to be got or renewed, in seconds since 1970.',
    labels: [],
  }),
  lastSuccess: metric({
    name: 'inband_acme_last_success_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'When a certificate was issued last since the start, in seconds since 1970.',
    labels: [],
  }),
  lastFailure: metric({
    name: 'inband_acme_last_failure_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'When one could not be had last since the start, in seconds since 1970.',
    labels: [],
  }),
} as const;

/** The store that members of a cluster share, of the process that has the connection. Nothing where there is none. */
export const CLUSTER_METRICS = {
  up: metric({
    name: 'inband_store_up',
    type: 'gauge',
    help: 'Whether the store of the cluster answers (1), or is away (0).',
    labels: [],
  }),
  calls: metric({
    name: 'inband_store_calls',
    type: 'counter',
    help: 'Calls of the store by what became of them: ok, or why not; away are those that were not made. See docs/cluster.md.',
    labels: ['result'],
  }),
  seconds: metric({
    name: 'inband_store_call_seconds',
    type: 'histogram',
    unit: 'seconds',
    help: 'Time that calls of the store took, whatever became of them.',
    labels: [],
    buckets: [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5],
  }),
  members: metric({
    name: 'inband_cluster_members',
    type: 'gauge',
    help: 'Members of the cluster, as far as this one knows.',
    labels: [],
  }),
  version: metric({
    name: 'inband_cluster_config_version',
    type: 'gauge',
    help: 'The version of the pushed configuration that this member runs; 0 for its own file.',
    labels: [],
  }),
  failed: metric({
    name: 'inband_cluster_config_failed',
    type: 'gauge',
    help: 'Whether this member cannot use the version of the configuration that it should (1).',
    labels: [],
  }),
  stale: metric({
    name: 'inband_cluster_config_stale_seconds',
    type: 'gauge',
    help: 'Time since it was last known that the store has what this member takes for the configuration of all.',
    labels: [],
  }),
  leases: metric({
    name: 'inband_limit_leases',
    type: 'counter',
    help: 'Parts of limits that processes have asked for, by who decided: the store, or store.away while that does not answer.',
    labels: ['decided'],
  }),
} as const;

/** What the supervisor counts. */
export const SUPERVISOR_METRICS = {
  reloads: metric({
    name: 'inband_reloads',
    type: 'counter',
    help: 'Reloads of the configuration that were asked for, by their outcome.',
    labels: ['outcome'],
  }),
  restarts: metric({
    name: 'inband_worker_restarts',
    type: 'counter',
    help: 'Workers that ended and were started again.',
    labels: [],
  }),
} as const;

/** All metrics, in the order in which they are shown. */
export const METRICS: readonly Metric[] = [
  SESSION_METRICS,
  PART_METRICS,
  PROCESS_METRICS,
  READER_METRICS,
  ACME_METRICS,
  CLUSTER_METRICS,
  SUPERVISOR_METRICS,
].flatMap((group) => Object.values(group));

/** The values of a series in memory: buckets, one above the last bound, their sum, and four values for each exemplar. */
export function valuesOf({ buckets, exemplars }: Metric): number {
  if (buckets === undefined) return 1;
  const counts = buckets.length + 1;
  return counts + 1 + (exemplars === true ? counts * EXEMPLAR : 0);
}

/** Of an exemplar: the value, the time in milliseconds since 1970, the number of the session, and the tag of the process. */
export const EXEMPLAR = 4;
