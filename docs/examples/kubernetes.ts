import { readFile } from 'node:fs/promises';
import { definePlugin, type DiscoveredServer, z } from 'inband';
import { Agent, type Dispatcher, request } from 'undici';
import { jsonLines } from './json-lines.ts';

/** Where a pod finds what its service account may do with. */
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const { KUBERNETES_SERVICE_HOST: HOST = '', KUBERNETES_SERVICE_PORT: PORT = '443' } = process.env;

/** What may stand beside `type: kubernetes` in `servers`. The account may list and watch `endpointslices`. */
const kubernetesOptions = z.strictObject({
  service: z.string().min(1).describe('The name of the Service.'),
  namespace: z.string().min(1).default('default').describe('Its namespace.'),
  port: z.string().min(1).optional().describe('The name of its port. By default the first one.'),
  family: z.enum(['IPv4', 'IPv6']).default('IPv4').describe('Which addresses of a Service that has both.'),
  api: z.url().default(`https://${HOST.includes(':') ? `[${HOST}]` : HOST || 'kubernetes.default.svc'}:${PORT}`),
  tokenFile: z.string().min(1).default(`${ACCOUNT}/token`).describe('It is replaced from time to time.'),
  caFile: z.string().min(1).default(`${ACCOUNT}/ca.crt`).describe('The authority of the certificate of the API.'),
});
type KubernetesOptions = z.output<typeof kubernetesOptions>;

/** What is used of an EndpointSlice. */
interface Slice {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly addressType: string;
  readonly ports?: readonly { readonly name?: string; readonly port?: number }[] | null;
  readonly endpoints?: readonly Endpoint[] | null;
}

interface Endpoint {
  readonly addresses: readonly string[];
  /** Left out, it is ready. */
  readonly conditions?: { readonly ready?: boolean };
  readonly zone?: string;
}

interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: Slice & { readonly code?: number; readonly message?: string };
}

/** Follows the ready endpoints of a Service: lists its slices, then watches them. */
async function* servers(options: KubernetesOptions, signal: AbortSignal): AsyncGenerator<readonly DiscoveredServer[]> {
  const { api, caFile } = options;
  const isSecure = api.startsWith('https:');
  const dispatcher = new Agent({
    bodyTimeout: 0,
    ...(isSecure && { connect: { ca: await readFile(caFile, 'utf8') } }),
  });
  try {
    const listed = await get(options, {}, { dispatcher, signal });
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the API says it is
    const { items, metadata } = (await listed.json()) as { items: Slice[]; metadata: { resourceVersion: string } };
    const slices = new Map(items.map((slice) => [slice.metadata.name, slice]));
    yield serversOf(slices, options);
    let { resourceVersion } = metadata;
    // The API ends each watch after some minutes; the next one goes on where it was.
    for (;;) {
      const watch = { watch: 'true', allowWatchBookmarks: 'true', resourceVersion };
      for await (const change of jsonLines(await get(options, watch, { dispatcher, signal }))) {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the API says it is
        const { type, object } = change as Change;
        // 410: what happened since that version is not known any more. The pool begins anew, and keeps its servers.
        if (type === 'ERROR') throw new Error(`the watch has ended: ${object.code} ${object.message}`);
        ({ resourceVersion } = object.metadata);
        if (type === 'BOOKMARK') continue;
        if (type === 'DELETED') slices.delete(object.metadata.name);
        else slices.set(object.metadata.name, object);
        yield serversOf(slices, options);
      }
    }
  } finally {
    await dispatcher.destroy();
  }
}

async function get(
  { api, namespace, service, tokenFile }: KubernetesOptions,
  query: Record<string, string>,
  how: { readonly dispatcher: Dispatcher; readonly signal: AbortSignal },
): Promise<Dispatcher.ResponseData['body']> {
  const path = `/apis/discovery.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/endpointslices`;
  const token = (await readFile(tokenFile, 'utf8')).trim();
  const answer = await request(new URL(path, api), {
    query: { labelSelector: `kubernetes.io/service-name=${service}`, ...query },
    headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
    ...how,
  });
  if (answer.statusCode === 200) return answer.body;
  await answer.body.dump();
  throw new Error(`the API of Kubernetes answers ${answer.statusCode} for the Service "${service}"`);
}

function serversOf(slices: ReadonlyMap<string, Slice>, { port, family }: KubernetesOptions): DiscoveredServer[] {
  return [...slices.values()].flatMap(({ addressType, ports, endpoints }) => {
    const number = ports?.find(({ name }) => port === undefined || name === port)?.port;
    if (addressType !== family || number === undefined) return [];
    const ready = (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false);
    return ready.map(({ addresses: [address = ''], zone }) => {
      return { address: `${family === 'IPv6' ? `[${address}]` : address}:${number}`, ...(zone && { zone }) };
    });
  });
}

export default definePlugin<KubernetesOptions>({
  provides: 'discovery',
  kind: 'kubernetes',
  schema: kubernetesOptions,
  create: (options) => ({ servers: (signal) => servers(options, signal) }),
});
