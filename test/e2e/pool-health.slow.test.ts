import { type HealthChanged, type HealthMessage, diagnostics, formatSockAddr, type SessionRecord } from '@inband/core';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInband, type Inband } from 'inband';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { freePort } from '../../packages/core/test-support/free-port.ts';
import { makeAuthority, selfSigned, type TestCertificate } from '../../packages/tls/test-support/certificates.ts';
import { type Nginx, startNginx } from '../support/nginx.ts';
import { describeRequiring } from '../support/requires.ts';

const NAME = 'web.example';
const authority = makeAuthority();
const CHECK = { type: 'http', path: '/health', interval: '100ms', timeout: '2s' } as const;
/** Until a change is told. It takes some 100 ms on an idle machine. */
const LONGEST = { timeout: 20_000, interval: 5 } as const;
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** A server of Node's, which says of itself how it is. */
class Backend {
  health = 200;
  looks = 0;
  requests = 0;
  port = 0;
  #server: Server | undefined;

  async start(): Promise<void> {
    const server = createServer((asked, answer) => {
      const isLook = asked.url === '/health';
      if (isLook) this.looks += 1;
      else this.requests += 1;
      answer.writeHead(isLook ? this.health : 200).end(String(this.port));
    });
    this.#server = server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
    this.port = (server.address() as AddressInfo).port;
  }

  /** As if it was killed: its connections are cut. */
  async kill(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }
}

const backends = [new Backend(), new Backend(), new Backend()] as const;
const records: SessionRecord[] = [];
const changes: HealthChanged[] = [];
const nginxes: Nginx[] = [];
let folder: string;
let inband: Inband | undefined;

const onHealth = (message: HealthMessage): void => void (message.event === 'changed' && changes.push(message));

/** Returns the port. */
async function startTlsNginx(name: string, { chain, key }: TestCertificate): Promise<number> {
  const port = await freePort();
  const pem = join(folder, `${name}.pem`);
  await writeFile(pem, chain + key);
  const nginx = await startNginx(`listen 127.0.0.1:${port} ssl;
    ssl_certificate ${pem};
    ssl_certificate_key ${pem};
    location = /health { return 204; }
    location / { default_type text/plain; return 200 "${name}"; }`);
  nginxes.push(nginx);
  return port;
}

async function get(listener: number): Promise<string> {
  const bound = inband?.listeners[listener]?.address;
  const port = bound !== undefined && 'port' in bound ? bound.port : 0;
  const { statusCode, body } = await request(`http://127.0.0.1:${port}/`);
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`${statusCode}: ${text}`);
  return text;
}

/** Waits for a change to `to` of a server since there were `from` changes. */
function changeOf(server: string, to: HealthChanged['to'], from: number): Promise<HealthChanged> {
  return vi.waitUntil(() => {
    return changes.slice(from).find((change) => formatSockAddr(change.server) === server && change.to === to);
  }, LONGEST);
}

describeRequiring({ commands: ['nginx', 'openssl'] }, 'servers of a pool that are looked at', () => {
  let good: number;
  let unknown: number;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inband-pool-health-'));
    const ca = join(folder, 'ca.pem');
    await writeFile(ca, authority.cert);
    await Promise.all(backends.map((backend) => backend.start()));
    good = await startTlsNginx('good', authority.issue({ names: [NAME] }));
    unknown = await startTlsNginx('unknown', selfSigned({ names: [NAME] }));
    diagnostics.health.subscribe(onHealth);
    const servers = backends.map(({ address }) => address);
    const secure = [`https://127.0.0.1:${good}`, `https://127.0.0.1:${unknown}`];
    const passed = [`127.0.0.1:${good}`, `127.0.0.1:${unknown}`];
    const tls = { servername: NAME, ca };
    inband = await createInband(
      {
        listeners: [
          { bind: '127.0.0.1:0', service: 'plain' },
          { bind: '127.0.0.1:0', service: 'secure' },
          { bind: '127.0.0.1:0', service: 'passing' },
        ],
        services: {
          plain: { mode: 'reverse', routes: [{ chainer: { type: 'pool', servers, check: CHECK, slowStart: 0 } }] },
          passing: {
            proxy: 'tls',
            tls: { allow: NAME },
            routes: [{ chainer: { type: 'pool', servers: passed, check: { ...CHECK, tls } } }],
          },
          secure: { mode: 'reverse', routes: [{ chainer: { type: 'pool', servers: secure, tls, check: CHECK } }] },
        },
      },
      { onSession: (record) => void records.push(record) },
    );
  });

  afterAll(async () => {
    await inband?.close({ grace: 1_000 });
    diagnostics.health.unsubscribe(onHealth);
    for (const backend of backends) await backend.kill();
    for (const nginx of nginxes) await nginx.stop();
    await rm(folder, { recursive: true });
  });

  test('one with a certificate that is not good is down before a client meets it', async () => {
    const change = await changeOf(`127.0.0.1:${unknown}`, 'unwell', 0);
    expect(change.why).toContain('tls.ca');
    expect(new Set([await get(1), await get(1), await get(1)])).toEqual(new Set(['good']));
    expect(changes.filter(({ server }) => formatSockAddr(server) === `127.0.0.1:${good}`)).toEqual([]);
  });

  test('so it is where clients speak TLS to the servers, and only looks do so here', async () => {
    const passing = 'services.passing.routes[0].chainer';
    await vi.waitUntil(() => changes.some(({ pool, to }) => pool === passing && to === 'unwell'), LONGEST);
    const bound = inband?.listeners[2]?.address;
    const port = bound !== undefined && 'port' in bound ? bound.port : 0;
    const dispatcher = new Agent({ connect: { ca: authority.cert, servername: NAME } });
    for (let number = 0; number < 3; number += 1) {
      const { body } = await request(`https://127.0.0.1:${port}/`, {
        dispatcher,
        headers: { host: NAME },
        reset: true,
      });
      expect(await body.text()).toBe('good');
    }
    await dispatcher.close();
  });

  test('one that says that it is not well gets no requests until it is', async () => {
    const [, sick] = backends;
    const before = changes.length;
    sick.health = 503;
    const { why } = await changeOf(sick.address, 'unwell', before);
    expect(why).toBe('It answered 503 to GET /health, not 200-399.');
    const { requests } = sick;
    for (let number = 0; number < 20; number += 1) await get(0);
    expect(sick.requests).toBe(requests);
    sick.health = 200;
    await changeOf(sick.address, 'up', before);
    await vi.waitFor(async () => expect(await get(0)).toBe(String(sick.port)), LONGEST);
  });

  test('one that dies and comes back costs no client a request', async () => {
    const [, , dying] = backends;
    const before = changes.length;
    const over = new AbortController();
    let served = 0;
    const load = async (): Promise<void> => {
      for (; !over.signal.aborted; served += 1) await get(0);
    };
    const clients = Promise.all([load(), load()]);
    await dying.kill();
    await vi.waitUntil(() => changes.length > before, LONGEST);
    await dying.start();
    await changeOf(dying.address, 'up', before);
    const { requests } = dying;
    await vi.waitUntil(() => dying.requests > requests, LONGEST);
    over.abort();
    await clients;
    expect(served).toBeGreaterThan(0);
  });

  test('no look is a session of a client', async () => {
    for (const { looks } of backends) expect(looks).toBeGreaterThan(0);
    await vi.waitUntil(() => inband !== undefined && records.length > 0, LONGEST);
    expect(records.every(({ session }) => session.client.isProxyItself !== true)).toBe(true);
    expect(records.every(({ session }) => session.service.name !== 'check')).toBe(true);
  });
});
