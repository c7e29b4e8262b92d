/**
 * Filters that do what programs do with three others: `prepareRequestFunction` of proxy-chain, the events of http-proxy, and scripts of
 * mitmproxy. docs/plugins.md explains them, and filter.ts runs them.
 */
import {
  type BodyFunction,
  definePlugin,
  type Filter,
  type FilterEnd,
  type FilterRequest,
  type FilterResponse,
  type FilterSubject,
  z,
} from 'inband';

const chainOptions = z.strictObject({
  realm: z.string().default('proxies'),
  users: z.record(z.string(), z.strictObject({ password: z.string(), parent: z.string() })),
});

/** Each user goes by a parent of its own: `prepareRequestFunction` of proxy-chain. */
export const chain = definePlugin<z.output<typeof chainOptions>>({
  provides: 'filter',
  kind: 'chain',
  schema: chainOptions,
  create({ realm, users }) {
    const prepare = ({ login }: FilterSubject) => {
      const user = login !== undefined && Object.hasOwn(users, login.user) ? users[login.user] : undefined;
      if (user !== undefined && user.password === login?.password) return { parent: user.parent };
      return { respond: { status: 407, fields: { 'proxy-authenticate': `Basic realm="${realm}"` } } };
    };
    return { onRequest: prepare, onTunnel: prepare };
  },
});

/** What becomes of a request, for a program: the events `proxyReq`, `proxyRes` and `end` of http-proxy. */
export interface ProxyEvents {
  readonly proxyReq?: (request: FilterRequest) => Readonly<Record<string, string>> | undefined;
  readonly proxyRes?: (response: FilterResponse) => Readonly<Record<string, string>> | undefined;
  readonly end?: (end: FilterEnd) => void;
}

/** A filter of a program with listeners of these events. What the first two return is set as fields. */
export function events({ proxyReq, proxyRes, end }: ProxyEvents): Filter {
  return {
    onRequest: (request) => ({ fields: { set: proxyReq?.(request) ?? {} } }),
    onResponse: (response) => ({ fields: { set: proxyRes?.(response) ?? {} } }),
    onEnd: (ended) => end?.(ended),
  };
}

const scriptOptions = z.strictObject({
  /** Requests for a URL that begins with the first go to the second. */
  mapRemote: z.record(z.string(), z.string()).default({}),
  /** In answers that are text, or do not say what they are, the first becomes the second. */
  replace: z.record(z.string(), z.string()).default({}),
  /** Hosts that are answered with 418. */
  block: z.array(z.string()).default([]),
});

/** What scripts of mitmproxy are written for: `map_remote`, `modify_body`, `block_list`. */
export const script = definePlugin<z.output<typeof scriptOptions>>({
  provides: 'filter',
  kind: 'script',
  schema: scriptOptions,
  create({ mapRemote, replace, block }, { logger }) {
    const rewrite = (text: string): string => {
      let rewritten = text;
      for (const [from, to] of Object.entries(replace)) rewritten = rewritten.replaceAll(from, to);
      return rewritten;
    };
    return {
      // `request(flow)`
      onRequest({ url, target }) {
        if (block.includes(target.host)) return { respond: { status: 418, body: 'This host is blocked.\n' } };
        const [from, to] = Object.entries(mapRemote).find(([prefix]) => url.startsWith(prefix)) ?? [];
        const elsewhere = from === undefined || to === undefined ? undefined : to + url.slice(from.length);
        // What is encoded cannot be searched.
        return { target: elsewhere, fields: { set: { 'accept-encoding': 'identity' } } };
      },
      // `response(flow)`
      responseBody: 'buffer',
      onResponse({ fields, body, request, status }) {
        logger.info({ url: request.url, status }, 'seen');
        if (fields.get('content-type')?.startsWith('text/') === false) return undefined;
        return { body: rewrite(Buffer.from(body ?? []).toString()) };
      },
    };
  },
});

/** The same for answers of any length: `flow.response.stream` of mitmproxy. */
export const upperCase: BodyFunction = async function* (body) {
  const decoder = new TextDecoder();
  for await (const chunk of body) yield decoder.decode(chunk, { stream: true }).toUpperCase();
};
