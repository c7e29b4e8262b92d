import { chainerName, duration, lazily, serviceName, typeNames, zoneName, zoneOrAddress } from '@inband/chainers';
import { DEFAULT_OVERLOAD_AFTER, DEFAULT_PARTIAL_HEADS, type Plugin, type ServiceMode } from '@inband/core';
import * as z from 'zod';
import { named, paths, when } from '../conditions/conditions.ts';
import { acme } from './acme.ts';
import { admin } from './admin.ts';
import { proxyProtocol, trustedProxies } from '../client/trusted-proxies.ts';
import { cluster } from '../cluster/cluster.ts';
import { store } from '../cluster/store.ts';
import { filterSchema } from '../filters/filters.ts';
import { limitProblems, serviceLimits } from '../limits/service-limits.ts';
import { redirect, respond } from '../templates/answers.ts';
import { rewrite } from '../templates/rewrite.ts';
import { auth } from './auth.ts';
import type { ChainerInput, FilterInput, ResolverInput } from './config-input.ts';
import { DEFAULT_RESOLVER, MAX_WORKERS } from '../known/constants.ts';
import { errorPages } from './error-pages.ts';
import { fieldRules } from './fields.ts';
import { metrics } from './metrics.ts';
import { syslog } from './syslog.ts';
import { listenerTls } from './tls.ts';
import { tracing } from './tracing.ts';
import { account, fileMode, listenerBind, oneOrMore, port, ports, size } from './values.ts';

/** Most names of one zone. Each is resolved again and again. */
const MAX_ZONE_HOSTS = 256;

const text = z.string().min(1);
const texts = lazily(() => oneOrMore(text, 'a text'));
const zonesOrAddresses = lazily(() => oneOrMore(zoneOrAddress, 'the name of a zone, an address or a CIDR'));

const hostFile = lazily(() =>
  z
    .strictObject({
      file: oneOrMore(text, 'the path of a file').describe(
        'Files of hosts, one a line, or as /etc/hosts; relative to this file, and followed.',
      ),
    })
    .register(typeNames, { name: 'HostFileInput' }),
);
const hostOrFile = lazily(() => z.union([text, hostFile], { error: 'expected a host, or a mapping with "file"' }));
const hosts = lazily(() => oneOrMore(hostOrFile, 'a host, or a mapping with "file"'));

const sample = lazily(() =>
  z.strictObject({
    accepted: z.number().min(0).max(1).default(1).describe('The share of accepted sessions that have a line, 0 to 1.'),
  }),
);

const rotation = lazily(() =>
  z
    .strictObject({
      size: size(4096, 2 ** 40)
        .optional()
        .describe('Bytes from which the file is put aside.'),
      age: duration({ minimum: 1_000 }).optional().describe('Time after which the file is put aside.'),
      keep: z.int().min(1).max(1_000).default(7).describe('How many files that were put aside are kept.'),
    })
    .refine(({ size: most, age }) => most !== undefined || age !== undefined, 'expected "size", "age" or both'),
);

const log = z
  .strictObject({
    level: z
      .enum(['debug', 'info', 'warn', 'error', 'silent'])
      .default('info')
      .describe('The least severe messages that are logged. Does not concern access lines.'),
    access: z.boolean().default(true).describe('One line for every request and every tunnel.'),
    format: z
      .enum(['auto', 'json', 'text', 'common', 'combined', 'squid'])
      .default('auto')
      .describe('How lines are written. auto: text on a terminal, else json.'),
    file: text.optional().describe('The file of the log, instead of standard output. Relative to this file.'),
    syslog: syslog.optional().describe('Where the log is sent by syslog, instead of standard output.'),
    sample: sample.optional().describe('Of what went well, only a sample has access lines.'),
    slow: duration()
      .optional()
      .describe('Requests that took so long, and tunnels so long to connect, are a message, too.'),
    rotate: rotation.optional().describe('When the file of the log is put aside and a new one begun.'),
    template: text
      .optional()
      .describe('An access line, with fields in braces, instead of a format: "{client} {method} {target} {status}".'),
  })
  .describe('What is logged, and how.');

const shutdown = z
  .strictObject({
    grace: duration({ minimum: 0 }).prefault('30s').describe('Time for what is running to finish, after SIGTERM.'),
    tunnels: duration({ minimum: 0 })
      .optional()
      .describe('The same for tunnels and WebSockets. Left out: as long as grace.'),
    listen: z
      .enum(['keep', 'close'])
      .default('keep')
      .describe('Whether clients are still accepted meanwhile. close: for load balancers that notice a closed port.'),
  })
  .describe('How the program ends.');

const reload = z
  .strictObject({
    watch: z.boolean().default(false).describe('Whether a change of the file is a reason to reload, beside SIGHUP.'),
    maxAge: duration()
      .prefault('24h')
      .describe('Time for the sessions of a configuration that was replaced; then they are closed.'),
  })
  .describe('How the configuration is replaced while the program runs.');

const zone = lazily(() =>
  z.union(
    [
      z.array(text).describe('CIDRs and addresses.'),
      z.strictObject({
        addresses: z.array(text).default([]).describe('CIDRs and addresses.'),
        file: oneOrMore(text, 'the path of a file')
          .optional()
          .describe('Files of CIDRs, one a line; relative to this file.'),
        hosts: z
          .array(text)
          .max(MAX_ZONE_HOSTS)
          .optional()
          .describe('Names whose addresses are in the zone, kept up to date.'),
        parent: zoneName.optional().describe('The zone that this one belongs to, whatever its addresses.'),
      }),
    ],
    { error: 'expected a list of CIDRs, or a mapping with "addresses", "file", "hosts" and "parent"' },
  ),
);

const serverPool = z
  .strictObject({
    idleTimeout: duration().prefault('30s').describe('How long an idle server connection is kept.'),
    maxIdlePerServer: z.int().min(0).default(256).describe('Idle connections kept to one server.'),
    maxIdle: z.int().min(0).default(2048).describe('Idle connections kept in all.'),
  })
  .describe('Server connections kept for reuse.');

const limits = z
  .strictObject({
    connections: z
      .int()
      .min(1)
      .optional()
      .describe('Client connections in all. Default: by the limit of descriptors, with one for a server of each.'),
    perClient: z
      .strictObject({
        connections: z.int().min(1).optional().describe('Connections of one client address, or /64 of IPv6.'),
      })
      .prefault({})
      .describe('What one client may have.'),
    partialHeads: size(2 ** 16, 2 ** 40)
      .default(DEFAULT_PARTIAL_HEADS)
      .describe('Memory for incomplete heads and pipelined requests, of all connections together.'),
    overloadAfter: z
      .union([duration({ minimum: 25 }), z.literal('never')])
      .default(DEFAULT_OVERLOAD_AFTER)
      .describe('How long clients may come faster than they are accepted, until those that wait are reset.'),
  })
  .describe('How much clients may ask for, whatever their requests.');

const listener = z.strictObject({
  bind: listenerBind.describe(
    'Where to listen: "127.0.0.1:3128", "[::1]:3128", ":3128", "unix:/path", "unix:@name", or "systemd:name" for a socket unit. Port 0: any free one.',
  ),
  service: serviceName.describe('The service that its clients get.'),
  transparent: z
    .enum(['redirect', 'tproxy'])
    .optional()
    .describe(
      'For intercepted connections: how they arrive. redirect: a REDIRECT rule sends them here; tproxy: a TPROXY rule does.',
    ),
  mode: fileMode.optional().describe('Of a unix socket: the mode of its file, in quotes: "0660".'),
  user: account.optional().describe('Of a unix socket: who owns its file.'),
  group: account.optional().describe('Of a unix socket: the group of its file.'),
  accept: z
    .array(z.enum(['http', 'socks5', 'socks4a']))
    .min(1)
    .default(['http'])
    .describe('What clients may speak; their first byte tells. SOCKS is for services of mode forward.'),
  proxyProtocol: proxyProtocol
    .optional()
    .describe(
      'Connections of trustedProxies begin with a header of the PROXY protocol (v1 or v2), before TLS: required, or optional.',
    ),
  tls: listenerTls.optional().describe('Clients speak TLS, which ends here.'),
});

const accessConditions = lazily(() =>
  z.strictObject({
    clients: zonesOrAddresses.optional().describe('Zones, addresses or CIDRs of clients.'),
    servers: zonesOrAddresses.optional().describe('Zones, addresses or CIDRs of servers. The resolved address counts.'),
    hosts: hosts.optional().describe('Host names as requested: exact, "*.suffix", or lists of them in files.'),
    ports: oneOrMore(ports, 'a port or a range of ports').optional().describe('Ports, or ranges such as "8000-8099".'),
    methods: texts.optional().describe('Request methods.'),
    users: texts.optional().describe('Authenticated users, and the identities of client certificates.'),
    groups: texts.optional().describe('Groups, one of which the authenticated user must be in.'),
    certificates: texts
      .optional()
      .describe('Client certificates: "any", or a name of theirs: URI, DNS name, e-mail address, "sha256:…".'),
    paths,
    fields: named('Fields of the request'),
    query: named('Parameters of the query'),
    cookies: named('Cookies'),
    when,
    reason: text.optional().describe('Shown to the client that is denied, and logged.'),
  }),
);

/** A rule has exactly one of two keys, because with both it would be ambiguous. */
function eitherOf(rule: object, [one, other]: readonly [string, string], context: z.RefinementCtx): void {
  const hasBoth = Reflect.get(rule, one) !== undefined && Reflect.get(rule, other) !== undefined;
  const hasNone = Reflect.get(rule, one) === undefined && Reflect.get(rule, other) === undefined;
  if (!hasBoth && !hasNone) return;
  const found = hasBoth
    ? `found both; write two rules, each an item "- ${one}: …" or "- ${other}: …"`
    : 'found neither';
  context.addIssue({ code: 'custom', message: `expected a mapping with either "${one}" or "${other}", ${found}` });
}

const accessRule = lazily(() =>
  z
    .strictObject({
      allow: accessConditions.optional().describe('Lets through what meets all of its conditions.'),
      deny: accessConditions.optional().describe('Refuses what meets all of its conditions.'),
    })
    .superRefine((rule, context) => {
      eitherOf(rule, ['allow', 'deny'], context);
    })
    .meta({ oneOf: [{ required: ['allow'] }, { required: ['deny'] }] }),
);

const natConditions = () => ({
  clients: zonesOrAddresses.optional().describe('Zones, addresses or CIDRs of clients.'),
  servers: zonesOrAddresses
    .optional()
    .describe('Zones, addresses or CIDRs of servers: of dnat before, of snat after it.'),
  users: texts.optional().describe('Authenticated users, and the identities of client certificates.'),
  groups: texts.optional().describe('Groups, one of which the authenticated user must be in.'),
  ports: oneOrMore(ports, 'a port or a range of ports').optional().describe('Ports of that address, or ranges.'),
  to: text.optional().describe('One address, with or without a port.'),
  network: text
    .optional()
    .describe('A network as long as the one in servers (dnat) or clients (snat): keeps host bits.'),
  pool: oneOrMore(text, 'an address or a CIDR')
    .optional()
    .describe('Addresses and networks, of which each client always gets the same.'),
});

const natRule = lazily(() =>
  z
    .strictObject({
      dnat: z
        .strictObject({
          ...natConditions(),
          embedIn: text.optional().describe('A NAT64 prefix: IPv4 servers are reached by IPv6 addresses in it.'),
          extractFrom: text
            .optional()
            .describe('A NAT64 prefix: servers in it are reached by the IPv4 address within.'),
        })
        .optional()
        .describe('Where connections go. Has exactly one of to, network, pool, embedIn and extractFrom.'),
      snat: z
        .strictObject(natConditions())
        .optional()
        .describe('Where connections come from. Has exactly one of to, network and pool.'),
    })
    .superRefine((rule, context) => {
      eitherOf(rule, ['dnat', 'snat'], context);
    })
    .meta({ oneOf: [{ required: ['dnat'] }, { required: ['snat'] }] }),
);

/** The conditions of a route. */
export const routeMatch = lazily(() =>
  z.strictObject({
    host: hosts.optional().describe('Host name: exact, "*.suffix", or lists of them in files.'),
    port: oneOrMore(port, 'a port from 1 to 65535').optional().describe('Port of the target.'),
    path: paths,
    field: named('Fields of the request'),
    query: named('Parameters of the query'),
    cookie: named('Cookies'),
    when,
    method: texts.optional().describe('Request method.'),
    client: zonesOrAddresses.optional().describe('Zone, address or CIDR of the client.'),
    user: texts.optional().describe('Authenticated user, or identity of the client certificate.'),
  }),
);

const CHAINER_EXPECTED =
  'expected a mapping with the "type" of a chainer and its options, or the name of one of "chainers"';

const chainerShape = z
  .looseObject(
    { type: text.describe('The kind of chainer; the other keys are its options.') },
    { error: 'expected a mapping with the "type" of a chainer and its options' },
  )
  .register(typeNames, { name: 'ChainerInput' });

// The plugin of its kind checks the options, so the schema takes any; the type knows those of every kind.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of what may be written only, and what is read stays as it is
const chainer = chainerShape as z.ZodType<{ readonly type: string }> as z.ZodType<
  { readonly type: string },
  ChainerInput
>;

const chainers = z
  .record(text, chainer)
  .default({})
  .describe('Chainers by a name, for several routes and chainers: all that have the name share one, with its pool.');

const route = z.strictObject({
  match: routeMatch.optional().describe('All that is named must match. Left out: every request.'),
  chainer: z
    .union([chainer, chainerName], { error: CHAINER_EXPECTED })
    .default({ type: 'none' })
    .describe('How the server is reached. Left out, in a service that is stacked in another: by what the other left.'),
  respond: respond.optional().describe('Answered by the proxy itself, in place of a chainer.'),
  redirect: redirect.optional().describe('Sent elsewhere by the proxy itself, in place of a chainer.'),
  rewrite: rewrite.optional().describe('What the server sees in place of what the client asked for.'),
  fields: fieldRules.optional().describe('How fields are changed by this route, behind the rules of the service.'),
});

const http = lazily(() =>
  z
    .strictObject({
      strict: z.boolean().optional().describe('Refuse also what cannot be misread, instead of passing or mending it.'),
      via: z
        .string()
        .max(64)
        .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { error: 'expected a token of RFC 9110: letters, digits and -._~' })
        .optional()
        .describe(
          'Our name in Via. A request that carries it already is a loop. Default: inband- and six random letters.',
        ),
      forwarded: z
        .enum(['off', 'x-forwarded', 'rfc7239'])
        .optional()
        .describe(
          'Which fields tell servers about the client. Default: off in mode forward and transparent, x-forwarded in reverse.',
        ),
      connectPorts: z
        .union([z.literal('any'), z.array(port)], { error: 'expected a list of ports, or "any"' })
        .optional()
        .describe(
          'Ports that CONNECT may go to. Default: any for clients on this machine, 80, 443, 8080 and 8443 for others.',
        ),
      ownPages: z
        .boolean()
        .optional()
        .describe(
          'In mode forward: whether the proxy shows at its own address how to use it, and has /proxy.pac there.',
        ),
      pacDirect: texts
        .optional()
        .describe(
          'What /proxy.pac has browsers reach without the proxy: names, "*.suffix", addresses, CIDRs, zones, "<local>".',
        ),
      errorPages: errorPages.optional(),
      maxRequestLine: size(64, 2 ** 20)
        .optional()
        .describe('Longest request line.'),
      maxHeaderBytes: size(256, 2 ** 24)
        .optional()
        .describe('Largest head of a message, its first line included.'),
      maxHeaderFields: z.int().min(1).max(10_000).optional().describe('Most fields in a head.'),
      maxBody: size(0, Number.MAX_SAFE_INTEGER).optional().describe('Largest request content. Left out: no limit.'),
      headerTimeout: duration().optional().describe('For a whole head, from its first byte.'),
      firstByteTimeout: duration().optional().describe('For the first byte of an intercepted client.'),
      idleTimeout: duration().optional().describe('For a client connection between requests.'),
      responseTimeout: duration()
        .optional()
        .describe(
          'From a request to the first byte of its response. Default: 5m in mode forward and transparent, 60s in reverse.',
        ),
      bodyTimeout: duration()
        .optional()
        .describe(
          'Without progress within a message. Default: 15m in mode forward and transparent, where a client may also pause; ' +
            'in reverse 60s for a request and 5m for a response.',
        ),
      halfCloseTimeout: duration()
        .optional()
        .describe('For a response to begin once its client has finished sending, and so may be gone.'),
      tunnelIdleTimeout: duration().optional().describe('For a tunnel in which nothing moves.'),
      tunnelHalfCloseTimeout: duration()
        .optional()
        .describe('For the rest of a tunnel once one side has finished sending, whatever trickles.'),
    })
    .describe('Settings of the HTTP proxy.'),
);

const tls = lazily(() =>
  z
    .strictObject({
      allow: texts
        .optional()
        .describe('Names that the ClientHello may ask for beside the host of the tunnel: exact or "*.suffix".'),
      ech: z
        .enum(['pass', 'refuse'])
        .optional()
        .describe('A ClientHello with an encrypted one in it, as browsers send to every server: pass or refuse.'),
      helloTimeout: duration().optional().describe('For the whole ClientHello, from the opening of the tunnel.'),
      tunnelIdleTimeout: duration().optional().describe('For a tunnel in which nothing moves.'),
      tunnelHalfCloseTimeout: duration()
        .optional()
        .describe('For the rest of a tunnel once one side has finished sending, whatever trickles.'),
    })
    .describe('Settings of the TLS guard.'),
);

const modes: readonly [ServiceMode, ...ServiceMode[]] = ['forward', 'reverse', 'transparent'];
const MODES_EXPECTED = '"forward", "reverse" or "transparent"';

const filterShape = lazily(() => filterSchema(size(1, 2 ** 30)));

// As with the chainer.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of what may be written only, and what is read stays as it is
const filter = filterShape as z.ZodType<z.output<typeof filterShape>> as z.ZodType<
  z.output<typeof filterShape>,
  FilterInput
>;

const serviceShape = z.strictObject({
  proxy: z
    .enum(['http', 'tls'])
    .default('http')
    .describe('What clients speak. tls: a guard that lets a tunnel go on only if it is TLS for the right host.'),
  mode: z.enum(modes).optional().describe('How clients find the proxy. Required for http.'),
  trustedProxies: trustedProxies
    .optional()
    .describe(
      'Proxies that are believed when they say who their client is, by X-Forwarded-For, Forwarded or the PROXY protocol. Left out: nobody is.',
    ),
  auth: auth
    .optional()
    .describe('How clients say who they are: one way, or a list that is tried in order. Left out: they are not asked.'),
  access: z.array(accessRule).default([]).describe('Who may go where. First match decides, then the safe defaults.'),
  routes: z
    .array(route)
    .min(1)
    .prefault([{}])
    .describe('How servers are reached. First match decides. Left out: one route that takes everything.'),
  nat: z
    .array(natRule)
    .default([])
    .describe(
      'Address translation. The first dnat and the first snat that match decide. Access rules are evaluated with the result.',
    ),
  fields: fieldRules.optional().describe('How fields of requests and answers are changed.'),
  filters: z
    .array(filter)
    .min(1)
    .optional()
    .describe('What looks at requests, answers and tunnels, in order, and may change them.'),
  limits: serviceLimits.optional(),
  http: http.optional(),
  tls: tls.optional(),
});

const service = serviceShape
  .superRefine(
    (
      { proxy, mode, auth: ways, routes, fields, filters, limits: ownLimits, http: httpSettings, tls: tlsSettings },
      context,
    ) => {
      const complain = (key: string, message: string): void =>
        context.addIssue({ code: 'custom', path: [key], message });
      for (const problem of limitProblems({ proxy, auth: ways, limits: ownLimits }))
        context.addIssue({ code: 'custom', ...problem });
      if (proxy === 'tls') {
        if (routes.some((one) => one.respond !== undefined || one.redirect !== undefined))
          complain('routes', 'a TLS guard reads no requests, so that none of its routes can respond or redirect.');
        if (routes.some((one) => one.rewrite !== undefined))
          complain('routes', 'a TLS guard reads no requests, so that none of its routes can rewrite them.');
        if (fields !== undefined || routes.some((one) => one.fields !== undefined))
          complain(
            fields === undefined ? 'routes' : 'fields',
            'a TLS guard reads no requests, so that it cannot change fields.',
          );
        if (filters !== undefined) complain('filters', 'a TLS guard reads no requests that a filter could look at.');
        if (mode !== undefined && mode !== 'transparent') complain('mode', 'a TLS guard is always "transparent".');
        if (httpSettings !== undefined)
          complain('http', 'these are settings of an HTTP service, and this one is a TLS guard.');
        return;
      }
      if (mode === undefined) complain('mode', `expected ${MODES_EXPECTED}, found nothing`);
      if (tlsSettings !== undefined)
        complain(
          'tls',
          'these are settings of a TLS guard, which "proxy: tls" would make of this service. TLS with clients is a setting of a listener, with servers of a chainer.',
        );
    },
  )
  .meta({ if: { required: ['proxy'], properties: { proxy: { const: 'tls' } } }, else: { required: ['mode'] } })
  .transform((written) => ({ ...written, mode: written.mode ?? 'transparent' }));

const count = () => z.int().min(1).max(1_000_000).optional();

const cache = lazily(() =>
  z.strictObject({
    maxTtl: duration().optional().describe('Longest time that an answer is kept.'),
    failureTtl: duration({ minimum: 0 }).optional().describe('Time that a failure is kept.'),
  }),
);

const lookupLimits = lazily(() =>
  z.strictObject({
    lookups: count().describe('Look-ups that run at once, in all. Default 1024, or an eighth of the descriptors.'),
    lookupsPerClient: count().describe('Look-ups that run at once for one client. Default 128.'),
    waiting: count().describe('Look-ups in the queue, in all. Default 4096.'),
    waitingPerClient: count().describe('Look-ups of one client in the queue. Default 1024.'),
    waitTimeout: duration().optional().describe('Longest time in the queue. Default 10s.'),
  }),
);

export const resolverShape = z
  .looseObject({
    type: text.default(DEFAULT_RESOLVER).describe('The kind of resolver; the other keys are its options.'),
    cache: cache.optional().describe('The cache in front of it.'),
    limits: lookupLimits.optional().describe('What may be looked up at once, whatever its type.'),
  })
  .describe('How names are resolved to addresses.')
  .register(typeNames, { name: 'ResolverInput' });

// As with the chainer.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of what may be written only, and what is read stays as it is
const resolver = resolverShape as z.ZodType<z.output<typeof resolverShape>> as z.ZodType<
  z.output<typeof resolverShape>,
  ResolverInput
>;

const plugin = z
  .custom<string | Plugin>((value) => typeof value === 'string' || (typeof value === 'object' && value !== null), {
    error: 'expected the name of a package, the path of a module or (in a program) a plugin',
  })
  .register(typeNames, { name: 'string | Plugin' });

/** The schema of the configuration. Its output is complete: every default is filled in. */
export const configSchema = z.strictObject({
  $schema: z.string().optional().describe('For editors.'),
  workers: z
    .union([z.int().min(1).max(MAX_WORKERS), z.literal('auto')], {
      error: `expected a number of processes from 1 to ${MAX_WORKERS}, or "auto"`,
    })
    .default(1)
    .describe('Processes that share the listeners. "auto": one for each processor. The program only: not embedded.'),
  workerTimeout: duration({ minimum: 1_000 })
    .default(2_000)
    .describe('How long the event loop of a worker may stall until the worker is replaced.'),
  transport: z
    .enum(['auto', 'node', 'epoll'])
    .default('auto')
    .describe('How sockets are read and written: epoll (Linux), node (everywhere), auto (epoll where it works).'),
  log: log.prefault({}),
  shutdown: shutdown.prefault({}),
  reload: reload.prefault({}),
  acme,
  admin,
  metrics,
  store,
  cluster,
  tracing: tracing.optional(),
  zones: z.record(text, zone).default({}).describe('Names for addresses.'),
  plugins: z.array(plugin).default([]).describe('Packages, or modules relative to this file, that provide plugins.'),
  resolver: resolver.prefault({}),
  serverPool: serverPool.prefault({}),
  limits: limits.prefault({}),
  listeners: z.array(listener).min(1).describe('Where clients are accepted.'),
  chainers,
  services: z.record(text, service).describe('What clients get.'),
});

/** A complete configuration. */
export type Config = z.output<typeof configSchema>;
export type ServiceConfig = Config['services'][string];
export type AccessRuleConfig = ServiceConfig['access'][number];
export type HostConfig = z.output<typeof hostOrFile>;
export type NatRuleConfig = ServiceConfig['nat'][number];
export type RouteConfig = ServiceConfig['routes'][number];
