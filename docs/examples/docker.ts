import { setTimeout as pause } from 'node:timers/promises';
import { definePlugin, type DiscoveredServer, z } from 'inband';
import { Agent, request } from 'undici';
import { jsonLines } from './json-lines.ts';

/** What may stand beside `type: docker` in `servers`. */
const dockerOptions = z.strictObject({
  label: z.string().min(1).describe('The label that containers must have: com.example.service=web'),
  port: z.int().min(1).max(65_535).describe('The port within the container.'),
  network: z.string().min(1).optional().describe('The network in which it is reached. By default its first one.'),
  socket: z.string().min(1).default('/var/run/docker.sock').describe('The Unix socket of the API.'),
});
type DockerOptions = z.output<typeof dockerOptions>;

/** What is used of a container. */
interface Container {
  readonly Id: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> };
}

/** Milliseconds after an event until the list has what it tells: Docker tells some of them before. */
const SETTLED = 500;

/** The events after which containers are listed again. */
const EVENTS = ['start', 'die', 'pause', 'unpause', 'health_status'];

/** Follows running containers that are healthy, or have no check. */
async function* servers(options: DockerOptions, signal: AbortSignal): AsyncGenerator<readonly DiscoveredServer[]> {
  const { label, socket } = options;
  const dispatcher = new Agent({ connect: { socketPath: socket }, bodyTimeout: 0 });
  const get = async (path: string, filters: object) => {
    const answer = await request(`http://docker${path}`, {
      query: { filters: JSON.stringify(filters) },
      dispatcher,
      signal,
    });
    if (answer.statusCode === 200) return answer.body;
    await answer.body.dump();
    throw new Error(`the Docker API answers ${answer.statusCode} to ${path}`);
  };
  try {
    // Before the list, so that nothing happens in between.
    const events = await get('/events', { type: ['container'], event: EVENTS, label: [label] });
    const list = async (): Promise<DiscoveredServer[]> => {
      const body = await get('/containers/json', { label: [label], status: ['running'], health: ['healthy', 'none'] });
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the API says it is
      return ((await body.json()) as Container[]).flatMap((container) => serverOf(container, options));
    };
    yield await list();
    const happening = jsonLines(events);
    while ((await happening.next()).done !== true) {
      await pause(SETTLED, undefined, { signal });
      yield await list();
    }
  } finally {
    await dispatcher.destroy();
  }
}

/** None for a container that is not in the network. */
function serverOf({ Labels, NetworkSettings }: Container, { network, port }: DockerOptions): DiscoveredServer[] {
  const { Networks } = NetworkSettings;
  const found = network === undefined ? Object.values(Networks)[0] : Networks[network];
  if (found === undefined || found.IPAddress === '') return [];
  const weight = Number(Labels['inband.weight'] ?? 1);
  return [{ address: `${found.IPAddress}:${port}`, weight: weight > 0 ? weight : 1 }];
}

export default definePlugin<DockerOptions>({
  provides: 'discovery',
  kind: 'docker',
  schema: dockerOptions,
  create: (options) => ({ servers: (signal) => servers(options, signal) }),
});
