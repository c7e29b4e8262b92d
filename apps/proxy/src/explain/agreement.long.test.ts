import {
  createEstablisher,
  createMemoryNetwork,
  ServerPool,
  type SessionRecord,
  Timers,
  type Transport,
} from '@inband/core';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixedNames } from '../../test-support/fixed-names.ts';
import { address, exchange, startOrigin } from '../../test-support/memory/memory-http.ts';
import { parseConfig } from '../config/parse-config.ts';
import type { ConfigInput } from '../config/schema/config-input.ts';
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
const methods = ['GET', 'POST', 'get', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT'] as const;
const hosts = [
  ...Object.keys(NAMES),
  'unknown.example',
  '8.8.4.4',
  '10.1.1.1',
  '169.254.169.254',
  '127.0.0.1',
] as const;
const ports = [80, 443, 25, 8080] as const;
const paths = ['/', '/api/x', '/api%2fx', '/API/x', '/static/..%5capi/x', '/a%u002fb'] as const;

const some = <T>(list: readonly T[]) => fc.option(fc.subarray([...list], { minLength: 1 }), { nil: undefined });
const without = (value: object): object =>
  Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined));

const conditions = fc
  .record({
    clients: some(['loopback', 'private', '203.0.113.0/24']),
    servers: some(['public', 'private', '8.8.8.8']),
    hosts: some(['public.example', '*.example', '10.1.1.1']),
    ports: some(['80', '400-9000']),
    methods: some(['GET', 'CONNECT', 'DELETE']),
  })
  .map(without);
const rule = fc.tuple(fc.boolean(), conditions).map(([allows, of]) => (allows ? { allow: of } : { deny: of }));
const route = fc
  .record({
    match: fc.option(
      fc
        .record({
          host: some(['*.example', '8.8.4.4']),
          path: fc.constantFrom(undefined, '/api/'),
          method: some(['GET', 'POST']),
        })
        .map(without),
      { nil: undefined },
    ),
    chainer: fc.constantFrom({ type: 'inband' }, { type: 'directed', remote: '10.0.0.9:80' }),
  })
  .map(without);
const service = fc.record({
  access: fc.array(rule, { maxLength: 3 }),
  routes: fc.array(route, { minLength: 1, maxLength: 3 }),
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
});

type AskedFor = { readonly url: string; readonly bytes: string; readonly client: string; readonly method: string };

function written({
  client,
  method,
  host,
  port,
  path,
}: Record<'client' | 'method' | 'host' | 'path', string> & { port: number }): AskedFor {
  const url = method === 'CONNECT' ? `${host}:${port}` : `http://${host}:${port}${path}`;
  const head = `${method} ${url} HTTP/1.1\r\nHost: ${host}:${port}\r\nConnection: close\r\n\r\n`;
  // What is asked through a tunnel has the origin close it.
  const inside = method === 'CONNECT' ? 'GET / HTTP/1.1\r\nHost: inside\r\n\r\n' : '';
  return { client, method, url, bytes: head + inside };
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

test('explain says of any request and any policy what the proxy then does', { timeout: 60_000 }, async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(service, request, async (settings, wanted) => {
      const config = {
        plugins: [names],
        resolver: { type: 'fixed' },
        listeners: [{ bind: '127.0.0.1:3128', service: 'browser' }],
        services: { browser: { mode: 'forward', ...settings } },
      } as unknown as ConfigInput;
      const source = { value: config, baseDirectory: '/' };
      const asked = written(wanted);
      const query = { client: address(asked.client, 40_000), listener: 0, method: asked.method, url: asked.url };
      const said = await explain(await parseConfig(source), source, query);
      const done = await serve(config, asked);
      seen.add(`${said.verdict} ${said.error ?? ''}`);
      expect(said.route).toBe(done.session.route?.name);
      expect(said.error).toBe(done.error?.code);
      if (done.error !== undefined) expect(said.status).toBe(done.error.status);
      expect(said.verdict).toBe(done.error === undefined ? 'allow' : said.error === 'dns_error' ? 'depends' : 'deny');
      const reached = said.steps.filter(({ outcome }) => outcome !== 'not reached');
      const refused = reached.filter(({ outcome }) => outcome === 'refuses');
      // What cannot be understood comes to no step.
      if (reached.length === 0) expect(done.session.target).toBeUndefined();
      else expect(refused).toEqual(done.error === undefined ? [] : reached.slice(-1));
    }),
    { numRuns: 150 },
  );
  // Otherwise little was compared.
  expect(seen.size).toBeGreaterThanOrEqual(4);
});
