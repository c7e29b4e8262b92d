import {
  createEstablisher,
  createMemoryNetwork,
  definePlugin,
  ServerPool,
  type SessionRecord,
  Timers,
  type Transport,
} from '@inband/core';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { fixedNames } from '../../test-support/fixed-names.ts';
import { address, exchange, startOrigin } from '../../test-support/memory/memory-http.ts';
import { parseConfig } from '../config/parse-config.ts';
import type { ConfigInput } from '../config/input/config-input.ts';
import { silentLogger } from '../log/logging.ts';
import { assemble } from '../run/build/assemble.ts';
import { explain } from './explain.ts';

const NAMES: Readonly<Record<string, readonly string[]>> = {
  'public.example': ['8.8.8.8'],
  'inside.example': ['10.0.0.7'],
  'both.example': ['10.0.0.8', '9.9.9.9'],
};

const names = fixedNames(NAMES);

const clients = ['127.0.0.1', '192.168.1.5', '203.0.113.5'] as const;
const methods = ['GET', 'GET', 'GET', 'POST', 'get', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'CONNECT'] as const;
const hosts = [
  ...Object.keys(NAMES),
  'unknown.example',
  '8.8.4.4',
  '10.1.1.1',
  '169.254.169.254',
  '127.0.0.1',
] as const;
const ports = [80, 443, 25, 8080] as const;
const paths = ['/', '/?q=1', '/api/x', '/api%2fx', '/API/x', '/static/..%5capi/x', '/a%u002fb'] as const;

const some = <T>(list: readonly T[]) => fc.option(fc.subarray([...list], { minLength: 1 }), { nil: undefined });
const without = (value: object): object =>
  Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined));

const teams = fc.constantFrom(undefined, { 'x-team': 'a*' }, { 'x-team': false });
const conditions = fc
  .record({
    clients: some(['loopback', 'private', '203.0.113.0/24']),
    servers: some(['public', 'private', '8.8.8.8']),
    hosts: some(['public.example', '*.example', '10.1.1.1']),
    ports: some(['80', '400-9000']),
    methods: some(['GET', 'CONNECT', 'DELETE']),
    paths: some(['/api/', '/static/*']),
    groups: some(['staff']),
    fields: teams,
  })
  .map(without);
const rule = fc
  .tuple(fc.constantFrom(true, true, false), conditions)
  .map(([allows, of]) => (allows ? { allow: of } : { deny: of }));
/** What a route leads to, or answers. */
const toWhere = fc.constantFrom(
  { chainer: { type: 'inband' } },
  { chainer: { type: 'directed', remote: '10.0.0.9:80' } },
  { respond: { status: 404 } },
  { redirect: { location: 'https://new.example{request.target}' } },
  { chainer: { type: 'inband' }, rewrite: { host: '8.8.8.8' } },
);
const route = fc
  .tuple(
    fc.option(
      fc
        .record({
          host: some(['*.example', '8.8.4.4']),
          path: fc.constantFrom(undefined, '/api/'),
          method: some(['GET', 'POST']),
          query: fc.constantFrom(undefined, { q: true }),
          field: teams,
        })
        .map(without),
      { nil: undefined },
    ),
    toWhere,
  )
  .map(([match, where]) => without({ match, ...where }));

const none = [undefined, undefined, undefined];

const byAddress = { type: 'address', zones: ['private'], groups: { staff: ['private'] } };
const byPassword = {
  type: 'basic',
  users: { ann: '$scrypt$ln=4,r=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' },
};

/** A filter that refuses a server, and answers for another one. */
const picky = definePlugin<object>({
  provides: 'filter',
  kind: 'picky',
  schema: z.strictObject({}),
  create: () => ({
    onRequest({ target, fields }) {
      if (target.host === '8.8.4.4') return { deny: 'Not this one.' };
      return fields.has('x-team') ? { respond: { status: 418 } } : undefined;
    },
    onTunnel: async ({ target }) => (target.port === 443 ? { deny: 'Not in the clear.' } : undefined),
  }),
});

const service = fc.record({
  access: fc.array(rule, { maxLength: 3 }),
  routes: fc.array(route, { minLength: 1, maxLength: 3 }),
  auth: fc.constantFrom(...none, ...none, byAddress, byPassword, [byAddress, byPassword]),
  filters: fc.constantFrom(undefined, [{ type: 'picky' }]),
  limits: fc.constantFrom(undefined, { requestsPerConnection: 1, perClient: { requests: '100/s', tunnels: 8 } }),
  fields: fc.constantFrom(undefined, { request: [{ remove: 'x-team' }] }),
  http: fc
    .record({
      connectPorts: fc.constantFrom(undefined, 'any', [25]),
      maxBody: fc.constantFrom(undefined, 0),
      strict: fc.constantFrom(undefined, true),
    })
    .map(without),
});
const request = fc.record({
  client: fc.constantFrom(...clients),
  method: fc.constantFrom(...methods),
  host: fc.constantFrom(...hosts),
  port: fc.constantFrom(...ports),
  path: fc.constantFrom(...paths),
  fields: fc.constantFrom([], ['X-Team: ab'], ['x-team: b', 'X_Team: a']),
});

interface AskedFor {
  readonly url: string;
  readonly bytes: string;
  readonly client: string;
  readonly method: string;
  readonly fields: readonly string[];
}

function written({
  client,
  method,
  host,
  port,
  path,
  fields,
}: typeof request extends fc.Arbitrary<infer T> ? T : never): AskedFor {
  const url = method === 'CONNECT' ? `${host}:${port}` : `http://${host}:${port}${path}`;
  const more = fields.map((field) => `${field}\r\n`).join('');
  const head = `${method} ${url} HTTP/1.1\r\nHost: ${host}:${port}\r\nConnection: close\r\n${more}\r\n`;
  // What is asked through a tunnel has the origin close it.
  const inside = method === 'CONNECT' ? 'GET / HTTP/1.1\r\nHost: inside\r\n\r\n' : '';
  return { client, method, url, fields, bytes: head + inside };
}

const network = createMemoryNetwork();
const origin = address('198.51.100.1', 80);
let listening: { close(): Promise<void> };
beforeAll(async () => {
  listening = await startOrigin(network, origin, 'origin');
});
afterAll(() => listening.close());

/** Every server there is answers, and it is always the same one. */
const everywhere: Transport = {
  name: 'everywhere',
  isOwnAddress: () => false,
  connect: (_remote, options, settle) => network.transport().connect(origin, options, settle),
  listen: () => Promise.reject(new Error('Nothing listens here.')),
};

/** Has the proxy serve the request. */
async function serve(config: ConfigInput, { client, bytes }: AskedFor): Promise<SessionRecord> {
  const source = { value: config, baseDirectory: '/' };
  const timers = new Timers();
  const pool = new ServerPool({ timers, idleTimeout: 1_000, maxIdlePerServer: 0, maxIdle: 0 });
  const ended = Promise.withResolvers<SessionRecord>();
  const assembly = assemble(await parseConfig(source), source, {
    establisher: createEstablisher({ transport: everywhere, pool, timers }),
    timers,
    logger: silentLogger,
    onSession: ended.resolve,
    forgeAddrProblem: () => undefined,
  });
  const bind = address('127.0.0.1', 3128);
  const listener = await network.transport().listen(bind, {}, (connection) => {
    const { remote, local } = connection;
    assembly.proxies.get('browser')?.accept({ id: 1, connection, address: remote, local, listener: bind });
  });
  await assembly.zoneKeeper.start();
  await exchange(network, client, bind, bytes);
  const record = await ended.promise;
  await listener.close();
  assembly.close();
  pool.close();
  timers.close();
  return record;
}

test('explain says of any request and any policy what the proxy then does', { timeout: 120_000 }, async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(service, request, async (settings, wanted) => {
      const config = {
        plugins: [names, picky],
        resolver: { type: 'fixed' },
        listeners: [{ bind: '127.0.0.1:3128', service: 'browser' }],
        services: { browser: { mode: 'forward', ...without(settings) } },
      } as unknown as ConfigInput;
      const source = { value: config, baseDirectory: '/' };
      const asked = written(wanted);
      const query = {
        client: address(asked.client, 40_000),
        listener: 0,
        method: asked.method,
        url: asked.url,
        fields: asked.fields,
      };
      const said = await explain(await parseConfig(source), source, query);
      const done = await serve(config, asked);
      seen.add(`${said.verdict} ${said.error ?? ''} ${said.status ?? ''}`);
      expect(said.route).toBe(done.session.route?.name);
      expect(said.user).toBe(done.session.user);
      expect(said.error).toBe(done.error?.code);
      if (done.error !== undefined) expect(said.status).toBe(done.error.status);
      expect(said.verdict).toBe(done.error === undefined ? 'allow' : said.error === 'dns_error' ? 'depends' : 'deny');
      const reached = said.steps.filter(({ outcome }) => outcome !== 'not reached');
      const refused = reached.filter(({ outcome }) => outcome === 'refuses');
      // What cannot be understood comes to no step.
      if (reached.length === 0) expect(done.session.target).toBeUndefined();
      else expect(refused).toEqual(done.error === undefined ? [] : reached.slice(-1));
    }),
    { numRuns: 300 },
  );

  // Otherwise little was compared.
  expect(seen.size).toBeGreaterThanOrEqual(6);
});
