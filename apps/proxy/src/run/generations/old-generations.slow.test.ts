import { createMemoryNetwork, type Logger } from '@inband/core';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { makeAuthority } from '../../../../../packages/tls/test-support/certificates.ts';
import { address, exchange, startOrigin } from '../../../test-support/memory/memory-http.ts';
import type { ConfigInput } from '../../config/input/config-input.ts';
import { definePlugin, z } from '../../index.ts';
import { secrets } from '../../secrets/secret-texts.ts';
import { createInband } from '../../single/inband.ts';
import { makers } from '../build/build.ts';

// The long form: INBAND_RELOADS=2000 pnpm vitest run apps/proxy/src/run/generations/old-generations.slow.test.ts
const RELOADS = Number(process.env['INBAND_RELOADS'] ?? 8);
const quiet = (): void => undefined;
const logger: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const PROXY = address('127.0.0.1', 8080);
const ORIGIN = '127.0.0.1:8000';
const PATHS = ['/', '/pool', '/failover', '/parent', '/pac', '/stacked', '/timed', '/own'];

setFlagsFromString('--expose-gc');
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the flag above puts into a new context
const collectGarbage = runInNewContext('gc') as () => void;

let folder: string;

/** Every file is there twice. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-old-generations-'));
  const authority = makeAuthority();
  for (const name of ['even', 'odd']) {
    const { cert, key } = authority.issue({ names: ['a.example'] });
    const files = {
      pem: cert + key,
      ca: authority.cert,
      hosts: `.${name}.example\n`,
      secret: `the secret of ${name} months`,
      networks: '203.0.113.0/24\n',
      servers: `${ORIGIN}\n`,
      pac: `function FindProxyForURL() { return "DIRECT"; } // ${name}`,
      htpasswd: `ann:$2y$05$${name.padEnd(53, 'C')}\n`,
      html: `<p>${name}</p>`,
    };
    for (const [type, text] of Object.entries(files)) await writeFile(join(folder, `${name}.${type}`), text);
  }
});
afterAll(() => rm(folder, { recursive: true }));

const filter = definePlugin({
  provides: 'filter',
  kind: 'mine',
  schema: z.strictObject({ version: z.number() }),
  create: () => ({ onRequest: () => undefined }),
});

/** Something of every kind, and none of it is as in the version before. */
function configOf(version: number): ConfigInput {
  const file = (type: string): string => join(folder, `${version % 2 === 0 ? 'even' : 'odd'}.${type}`);
  const connectTimeout = `${version + 1}s` as const;
  const directed = { type: 'directed', remote: ORIGIN, connectTimeout } as const;
  const when = { days: 'mon', time: `08:00-09:${10 + (version % 50)}` };
  const pem = file('pem');
  return {
    plugins: [filter],
    resolver: { cache: { maxTtl: connectTimeout } },
    zones: { office: [`192.0.${version % 200}.0/24`], listed: { file: file('networks') } },
    listeners: [
      { bind: '127.0.0.1:8080', service: 'web' },
      { bind: `127.0.0.1:${9000 + (version % 2)}`, service: 'web' },
      {
        bind: '127.0.0.1:8443',
        service: 'web',
        tls: { certificates: [{ cert: pem, key: pem }], ca: file('ca'), clientAuth: 'request' },
      },
      { bind: '127.0.0.1:3128', service: 'browser', proxyProtocol: { accept: 'optional', timeout: connectTimeout } },
    ],
    chainers: {
      office: {
        type: 'parent',
        protocol: 'http',
        servers: [ORIGIN],
        auth: { user: 'ann', passwordFile: file('secret') },
        check: { type: 'tcp', interval: connectTimeout },
      },
    },
    services: {
      web: {
        mode: 'reverse',
        http: { idleTimeout: connectTimeout, errorPages: { 403: file('html') } },
        access: [
          { deny: { hosts: [{ file: file('hosts') }], when, fields: { 'x-a': `a${version}*` } } },
          { deny: { methods: [`NONE${version}`] } },
          { allow: {} },
        ],
        nat: [{ dnat: { servers: 'office', to: '127.0.0.1' } }, { dnat: { servers: 'listed', to: '127.0.0.1' } }],
        trustedProxies: { from: 'private', hops: version + 1 },
        limits: {
          requests: `${1000 + version}/s`,
          perClient: { connections: 100, bandwidth: '10MiB/s', quota: '1GiB/day' },
          minimumRate: '1KiB/s',
        },
        filters: [{ type: 'mine', version }],
        fields: {
          request: [
            { set: { authorization: { file: file('secret') } } },
            { replace: { cookie: { pattern: `a+${version}`, with: 'b' } } },
          ],
        },
        routes: [
          {
            match: { path: '/pool' },
            chainer: {
              type: 'pool',
              servers: [{ address: ORIGIN }, { file: file('servers') }],
              check: { type: 'http', path: `/${version}` },
              sticky: { cookie: 'server', secretFile: file('secret') },
            },
          },
          {
            match: { path: '/failover' },
            chainer: { type: 'failover', hosts: [ORIGIN], stateTimeout: connectTimeout },
          },
          { match: { path: '/parent' }, chainer: 'office' },
          { match: { path: '/pac' }, chainer: { type: 'pac', file: file('pac') } },
          { match: { path: '/stacked' }, chainer: { type: 'sidestack', service: 'inner', chainer: directed } },
          { match: { path: '/timed', when }, chainer: directed },
          { match: { path: '/own' }, respond: { body: `${version}` } },
          { match: { path: '/tls' }, chainer: { ...directed, tls: { ca: file('ca'), cert: pem } } },
          { chainer: { ...directed, proxyProtocol: 'v1' } },
        ],
      },
      inner: { mode: 'transparent', http: { via: 'inner', idleTimeout: connectTimeout } },
      browser: {
        mode: 'forward',
        trustedProxies: 'private',
        auth: { type: 'basic', file: file('htpasswd') },
        limits: { perUser: { requests: `${1000 + version}/s` } },
        routes: [{ chainer: { type: 'inband', connectTimeout } }],
      },
    },
  };
}

/** Follows, by kind, what is made until the test has ended. */
function followMade(): Map<string, WeakRef<object>[]> {
  const followed = new Map<string, WeakRef<object>[]>();
  const wrapped = Object.entries(makers).map(([kind, make]) => {
    const made: WeakRef<object>[] = [];
    followed.set(kind, made);
    const following = (...given: unknown[]): object => {
      const one: object = Reflect.apply(make, undefined, given);
      made.push(new WeakRef(one));
      return one;
    };
    Reflect.set(makers, kind, following);
    return () => Reflect.set(makers, kind, make);
  });
  onTestFinished(() => wrapped.forEach((unwrap) => unwrap()));
  return followed;
}

/** How many of each kind are alive. What ends asynchronously gets time for it, as long as there are not as many as `expected`. */
async function alive(
  followed: ReadonlyMap<string, WeakRef<object>[]>,
  expected: ReadonlyMap<string, number>,
): Promise<Map<string, number>> {
  for (let left = 100; ; left--) {
    collectGarbage();
    const counts = Array.from(followed, ([kind, made]) => {
      return [kind, made.filter((one) => one.deref() !== undefined).length] as const;
    });
    if (left === 0 || counts.every(([kind, count]) => count === expected.get(kind))) return new Map(counts);
    await pause(50);
  }
}

const statusOf = (answer: string): string => answer.split(' ', 2)[1] ?? answer;

const descriptors = async (): Promise<number> => (await readdir('/proc/self/fd')).length;

test.runIf(process.platform === 'linux')(
  'nothing that an old configuration has made is left when its sessions have ended: of no kind, and no descriptor',
  { timeout: 60_000 + RELOADS * 3_000 },
  async () => {
    const followed = followMade();
    const network = createMemoryNetwork();
    const origin = await startOrigin(network, address('127.0.0.1', 8000), 'origin');
    const inband = await createInband(configOf(0), { transport: network.transport(), logger });
    const perConfiguration = new Map(Array.from(followed, ([kind, made]) => [kind, made.length]));
    expect([...perConfiguration.values()]).not.toContain(0);
    const ask = (): Promise<string[]> =>
      Promise.all(
        PATHS.map((path) => {
          const request = `GET ${path} HTTP/1.1\r\nHost: ${ORIGIN}\r\nConnection: close\r\n\r\n`;
          return exchange(network, '127.0.0.1', PROXY, request);
        }),
      );
    let before = 0;
    for (let version = 1; version <= RELOADS; version++) {
      await inband.reload(configOf(version));
      if (version % 5 === 0) expect((await ask()).map(statusOf)).toEqual(PATHS.map(() => '200'));
      if (version === RELOADS / 2) before = await descriptors();
    }
    expect(followed.get('proxy')?.length).toBeGreaterThan(RELOADS);
    expect(await alive(followed, perConfiguration)).toEqual(perConfiguration);
    expect(await descriptors()).toBeLessThan(before + 10);
    await inband.close({ grace: 0 });
    await origin.close();
    expect(secrets.isEmpty).toBe(true);
    await vi.waitUntil(() => network.open === 0, { interval: 5, timeout: 10_000 });
  },
);
