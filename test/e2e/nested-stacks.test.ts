import type { ConfigInput } from 'inband';
import { describe, expect, vi } from 'vitest';
import { e2e, type Lab, type LabOrigin } from './lab.ts';
import { RawClient } from './raw-client.ts';

type Service = ConfigInput['services'][string];
type Chainer = NonNullable<NonNullable<Service['routes']>[number]['chainer']>;

/** Far below every time limit of the default configuration, and far above what a busy machine needs. */
const SOON = { interval: 5, timeout: 10_000 };
const CLIENTS = 10;

/** Services that lie between the client's and the server, in the order in which a request passes them. */
function between(depth: number): string[] {
  return Array.from({ length: depth }, (_, index) => `inner${index + 1}`);
}

const WAYS: Readonly<Record<string, (depth: number) => ConfigInput['services']>> = {
  /** Each service stacks the next one over what it has picked up itself. */
  'each stacked in the one before': (depth) => {
    const names = between(depth);
    const stacked = (index: number, chainer: Chainer): Chainer =>
      index < depth ? { type: 'sidestack', service: names[index]!, chainer } : chainer;
    const inner = names.map((name, index): [string, Service] => [
      name,
      { mode: 'transparent', http: { via: name }, routes: [{ chainer: stacked(index + 1, { type: 'none' }) }] },
    ]);
    return { browser: outer(stacked(0, { type: 'inband' })), ...Object.fromEntries(inner) };
  },
  /** The client's service stacks all of them, by chainers within chainers. */
  'all stacked in the first': (depth) => {
    const names = between(depth);
    const chainer = names.reduceRight<Chainer>((nested, service) => ({ type: 'sidestack', service, chainer: nested }), {
      type: 'inband',
    });
    const inner = names.map((name): [string, Service] => [name, { mode: 'transparent', http: { via: name } }]);
    return { browser: outer(chainer), ...Object.fromEntries(inner) };
  },
};

function outer(chainer: Chainer): Service {
  return { mode: 'forward', http: { connectPorts: 'any' }, routes: [{ chainer }] };
}

function withServices(services: ConfigInput['services']): ConfigInput {
  return { listeners: [{ bind: '127.0.0.1:0', service: 'browser' }], services };
}

async function openTunnel(port: number, to: number): Promise<RawClient> {
  const client = await RawClient.connect(port);
  client.sendHead(`CONNECT 127.0.0.1:${to} HTTP/1.1`, `Host: 127.0.0.1:${to}`);
  expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  return client;
}

/** A server that never answers, and hears from each request. */
async function silentOrigin(lab: Lab): Promise<{ readonly origin: LabOrigin; readonly asked: () => number }> {
  let asked = 0;
  const origin = await lab.origin(() => void (asked += 1));
  return { origin, asked: () => asked };
}

for (const [way, services] of Object.entries(WAYS)) {
  describe(`services ${way}`, () => {
    for (const depth of [0, 1, 2, 3]) {
      for (const kind of ['requests', 'requests in tunnels'] as const) {
        e2e(`${depth} between: ${kind} of clients that reset leave no server connection behind`, async (lab) => {
          const { origin, asked } = await silentOrigin(lab);
          const proxy = await lab.inband(withServices(services(depth)));
          const clients = await Promise.all(
            Array.from({ length: CLIENTS }, async () => {
              const tunnel = kind === 'requests in tunnels';
              const client = await (tunnel ? openTunnel(proxy.port, origin.port) : RawClient.connect(proxy.port));
              client.sendHead(`GET ${tunnel ? '' : origin.url}/ HTTP/1.1`, `Host: 127.0.0.1:${origin.port}`);
              return client;
            }),
          );
          await vi.waitUntil(() => asked() === CLIENTS, SOON);
          for (const { socket } of clients) socket.resetAndDestroy();
          await vi.waitUntil(() => origin.connections.every(({ destroyed }) => destroyed), SOON);
          await proxy.recorded(CLIENTS * (depth + 1));
        });
      }

      e2e(`${depth} between: a tunnel carries many requests over one server connection`, async (lab) => {
        const origin = await lab.origin((req, res) => void res.end(`you asked for ${req.url}`));
        const proxy = await lab.inband(withServices(services(depth)));
        const client = await openTunnel(proxy.port, origin.port);
        for (const path of ['/1', '/2', '/3', '/4']) {
          client.sendHead(`GET ${path} HTTP/1.1`, 'Host: h');
          expect(await client.until(`for ${path}`)).toMatch(/^HTTP\/1\.1 200 /);
        }
        client.send(['/5', '/6'].map((path) => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`).join(''));
        expect(await client.until('for /6')).toContain('for /5');
        client.socket.end();
        expect(await client.toEnd()).toBe('');
        expect(origin.connections).toHaveLength(1);
        await proxy.recorded(6 * depth + 1);
        await vi.waitUntil(() => origin.connections.every(({ destroyed }) => destroyed), SOON);
      });

      e2e(`${depth} between: a tunnel ends with its server, and says so before it where it can`, async (lab) => {
        const origin = await lab.origin((_req, res) => void res.setHeader('Connection', 'close').end('last'));
        const proxy = await lab.inband(withServices(services(depth)));
        const client = await openTunnel(proxy.port, origin.port);
        client.sendHead('GET / HTTP/1.1', 'Host: h');
        expect(await client.toEnd()).toMatch(/\r\nConnection: close\r\n[^]*last$/i);
        client.socket.end();
        await proxy.recorded(depth + 1);
      });

      e2e(`${depth} between: a tunnel that is idle for too long ends on all sides`, async (lab) => {
        const { origin, asked } = await silentOrigin(lab);
        const config = services(depth);
        config.browser = { ...config.browser!, http: { connectPorts: 'any', tunnelIdleTimeout: '300ms' } };
        const proxy = await lab.inband(withServices(config));
        const client = await openTunnel(proxy.port, origin.port);
        client.sendHead('GET / HTTP/1.1', 'Host: h');
        await vi.waitUntil(() => asked() === 1, SOON);
        expect(await client.toEnd()).toBe('');
        client.socket.end();
        await vi.waitUntil(() => origin.connections.every(({ destroyed }) => destroyed), SOON);
        await proxy.recorded(depth + 1);
      });
    }

    for (const depth of [1, 2, 3]) {
      e2e(`${depth} between: a server that closes instead of answering another request is an end`, async (lab) => {
        const origin = await lab.tcpOrigin((socket) => {
          socket.once('data', () => {
            socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
            socket.once('data', () => socket.end());
          });
        });
        const proxy = await lab.inband(withServices(services(depth)));
        const client = await openTunnel(proxy.port, origin.port);
        client.sendHead('GET /1 HTTP/1.1', 'Host: h');
        await client.until('ok');
        client.sendHead('GET /2 HTTP/1.1', 'Host: h');
        expect(await client.toEnd()).toBe('');
        client.socket.end();
        await proxy.recorded(2 * depth + 1);
      });
    }
  });
}

describe('an inner service with servers of its own', () => {
  const services = (port: number): ConfigInput['services'] => ({
    browser: outer({ type: 'sidestack', service: 'inside', chainer: { type: 'inband' } }),
    inside: {
      mode: 'transparent',
      routes: [{ chainer: { type: 'directed', remote: `127.0.0.1:${port}` } }],
    },
  });

  e2e('does not end with the connection of the tunnel, which nobody uses', async (lab) => {
    const unused = await lab.tcpOrigin((socket) => socket.resume());
    const origin = await lab.origin((req, res) => void res.end(`you asked for ${req.url}`));
    const proxy = await lab.inband(withServices(services(origin.port)));
    const client = await openTunnel(proxy.port, unused.port);
    client.sendHead('GET /1 HTTP/1.1', 'Host: h');
    await client.until('for /1');
    for (const socket of unused.connections) socket.end();
    await vi.waitUntil(() => unused.connections.every(({ readableEnded }) => readableEnded), SOON);
    for (const path of ['/2', '/3']) {
      client.sendHead(`GET ${path} HTTP/1.1`, 'Host: h');
      expect(await client.until(`for ${path}`)).toMatch(/^HTTP\/1\.1 200 /);
    }
    client.socket.end();
    expect(await client.toEnd()).toBe('');
    expect(unused.connections).toHaveLength(1);
    await proxy.recorded(4);
  });

  e2e('goes on when a server says close, or has closed: it connects again', async (lab) => {
    const unused = await lab.tcpOrigin((socket) => socket.resume());
    const origin = await lab.origin((req, res) => void res.setHeader('Connection', 'close').end(`for ${req.url}`));
    const proxy = await lab.inband(withServices(services(origin.port)));
    const client = await openTunnel(proxy.port, unused.port);
    for (const path of ['/1', '/2', '/3']) {
      client.sendHead(`GET ${path} HTTP/1.1`, 'Host: h');
      const answer = await client.until(`for ${path}`);
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
      expect(answer).not.toMatch(/^Connection: close/im);
    }
    client.socket.end();
    expect(await client.toEnd()).toBe('');
    expect(origin.connections).toHaveLength(3);
    await proxy.recorded(4);
  });
});
