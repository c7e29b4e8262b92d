import { definePlugin, type DiscoveredServer, z } from 'inband';
import { request } from 'undici';

/** What may stand beside `type: consul` in `servers`. */
const consulOptions = z.strictObject({
  service: z.string().min(1).describe('The name of the service.'),
  agent: z.url().default('http://127.0.0.1:8500').describe('Where the HTTP API of an agent is.'),
  tag: z.string().min(1).optional().describe('Only instances with this tag.'),
  datacenter: z.string().min(1).optional().describe('Another one than that of the agent.'),
  token: z.string().min(1).optional().meta({ writeOnly: true }).describe('An ACL token that may read the service.'),
});
type ConsulOptions = z.output<typeof consulOptions>;

/** How long an agent holds back its answer while nothing changes. It adds up to a sixteenth. */
const WAIT = '5m';
const LONGEST_ANSWER = 330_000;

/** What is used of an instance. */
interface Instance {
  readonly Node: { readonly Address: string };
  /** `Address` is empty where it is that of the node. */
  readonly Service: {
    readonly Address: string;
    readonly Port: number;
    readonly Weights?: { readonly Passing: number };
  };
}

/** Follows the instances of a service that pass their checks, by blocking queries. */
async function* servers(options: ConsulOptions, signal: AbortSignal): AsyncGenerator<readonly DiscoveredServer[]> {
  const { agent, service, token, tag, datacenter } = options;
  const url = new URL(`/v1/health/service/${encodeURIComponent(service)}`, agent);
  const query = { passing: 'true', wait: WAIT, ...(tag && { tag }), ...(datacenter && { dc: datacenter }) };
  const headers = token === undefined ? {} : { 'x-consul-token': token };
  let index = 0;
  for (;;) {
    const answer = await request(url, {
      query: { ...query, ...(index > 0 && { index }) },
      headers,
      signal,
      headersTimeout: LONGEST_ANSWER,
    });
    if (answer.statusCode !== 200) {
      await answer.body.dump();
      throw new Error(`the agent answers ${answer.statusCode} for the service "${service}"`);
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the API says it is
    yield ((await answer.body.json()) as Instance[]).map(serverOf);
    const next = Number(answer.headers['x-consul-index']);
    // It goes backwards when the state of the cluster was restored. Then the next query must not wait for it.
    index = next >= index ? next : 0;
  }
}

function serverOf({ Node, Service }: Instance): DiscoveredServer {
  const host = Service.Address === '' ? Node.Address : Service.Address;
  const address = `${host.includes(':') ? `[${host}]` : host}:${Service.Port}`;
  // The most that a pool takes.
  return { address, weight: Math.min(1_000, Math.max(1, Service.Weights?.Passing ?? 1)) };
}

export default definePlugin<ConsulOptions>({
  provides: 'discovery',
  kind: 'consul',
  schema: consulOptions,
  create: (options) => ({ servers: (signal) => servers(options, signal) }),
});
