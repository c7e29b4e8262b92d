import type { ConfigInput } from 'inband';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { describe, expect, vi } from 'vitest';
import { certificate } from '../support/certificate.ts';
import { curl } from '../support/curl.ts';
import { describeRequiring } from '../support/requires.ts';
import { e2e, type Lab, type LabOrigin, type LabProxy } from './lab.ts';
import { startProgram } from './program.ts';
import { RawClient } from './raw-client.ts';

type Service = ConfigInput['services'][string];

/** Every tunnel goes through the service "inside". */
function stacked(inside: Partial<Service>): ConfigInput {
  return {
    listeners: [{ bind: '127.0.0.1:0', service: 'browser' }],
    services: {
      browser: {
        mode: 'forward',
        http: { connectPorts: 'any' },
        routes: [
          {
            match: { method: 'CONNECT' },
            chainer: { type: 'sidestack', service: 'inside', chainer: { type: 'inband' } },
          },
        ],
      },
      inside,
    },
  };
}

const http = (inside: Partial<Service> = {}): ConfigInput =>
  stacked({ mode: 'transparent', http: { via: 'inband' }, ...inside });
const tls = (settings: Service['tls'] = {}): ConfigInput => stacked({ proxy: 'tls', tls: settings });

/** A client whose tunnel to the origin is open. */
async function openTunnel(proxy: Pick<LabProxy, 'port'>, port: number, host = '127.0.0.1'): Promise<RawClient> {
  const client = await RawClient.connect(proxy.port);
  client.sendHead(`CONNECT ${host}:${port} HTTP/1.1`, `Host: ${host}:${port}`);
  expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  return client;
}

function helloOrigin(lab: Lab): Promise<LabOrigin> {
  return lab.origin((req, res) => void res.end(`${req.headers.host}${req.url} via ${req.headers.via}`));
}

describe('CONNECT into an inner HTTP service', () => {
  e2e('serves request after request on one server connection, each with its own line', async (lab) => {
    const origin = await helloOrigin(lab);
    const proxy = await lab.inband(http());
    const client = await openTunnel(proxy, origin.port);
    client.sendHead('GET /one HTTP/1.1', 'Host: shop.example');
    expect(await client.until('via 1.1 inband')).toMatch(/^HTTP\/1\.1 200 [^]*shop\.example\/one via 1\.1 inband$/);
    client.sendHead('GET /two HTTP/1.1', 'Host: other.example');
    expect(await client.until('via 1.1 inband')).toMatch(/other\.example\/two via 1\.1 inband$/);
    client.socket.end();
    expect(await client.toEnd()).toBe('');
    expect(origin.connections).toHaveLength(1);
    const records = await proxy.recorded(3);
    const [one, two, tunnel] = records;
    expect(records.map(({ kind }) => kind)).toEqual(['request', 'request', 'tunnel']);
    expect([one?.session.parent, two?.session.parent]).toEqual([tunnel?.session, tunnel?.session]);
    expect([one?.reused, two?.reused]).toEqual([false, true]);
    expect(one).toMatchObject({ url: '/one', status: 200, error: undefined });
    expect(one?.session.serverAddress).toMatchObject({ address: '127.0.0.1', port: origin.port });
    expect(tunnel).toMatchObject({ status: 200, error: undefined });
  });

  e2e('answers pipelined requests in order', async (lab) => {
    const origin = await helloOrigin(lab);
    const proxy = await lab.inband(http());
    const client = await openTunnel(proxy, origin.port);
    const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`;
    client.send(request('/1') + request('/2') + request('/3'));
    for (const path of ['/1', '/2', '/3']) expect(await client.until('via 1.1 inband')).toContain(`h${path} via`);
    client.socket.destroy();
  });

  e2e('denies by its own rules, inside the tunnel, and nothing reaches the server', async (lab) => {
    const asked: unknown[] = [];
    const origin = await lab.origin((req, res) => void res.end(asked.push(req.url)));
    const proxy = await lab.inband(http({ access: [{ deny: { hosts: 'evil.example', reason: 'Not that one.' } }] }));
    const client = await openTunnel(proxy, origin.port);
    client.sendHead('GET / HTTP/1.1', 'Host: evil.example');
    expect(await client.until('\n}\n')).toMatch(/^HTTP\/1\.1 403 [^]*Not that one\./);
    client.socket.end();
    const [request, tunnel] = await proxy.recorded(2);
    expect(request?.error).toMatchObject({ code: 'http_request_denied', rule: 'services.inside.access[0]' });
    expect(tunnel).toMatchObject({ kind: 'tunnel', error: undefined });
    expect(asked).toEqual([]);
  });

  e2e('evaluates its rules on the address to which the tunnel is connected', async (lab) => {
    const origin = await helloOrigin(lab);
    const proxy = await lab.inband(http({ access: [{ deny: { servers: 'loopback' } }] }));
    const client = await openTunnel(proxy, origin.port);
    client.sendHead('GET / HTTP/1.1', 'Host: 192.0.2.1');
    expect(await client.until('\n}\n')).toMatch(/^HTTP\/1\.1 403 /);
    client.socket.end();
    const [request] = await proxy.recorded(2);
    expect(request?.error).toMatchObject({ code: 'destination_ip_prohibited', rule: 'services.inside.access[0]' });
  });

  e2e.each([
    ['what is not HTTP', 'SSH-2.0-OpenSSH\r\n'],
    ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
    ['a request that two parsers could read differently', 'GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n'],
  ] as const)('refuses %s with 400 and closes', async (lab, [, bytes]) => {
    const origin = await helloOrigin(lab);
    const proxy = await lab.inband(http());
    const client = await openTunnel(proxy, origin.port);
    client.send(bytes);
    expect(await client.toEnd()).toMatch(/^HTTP\/1\.1 400 /);
    client.socket.end();
    const [request] = await proxy.recorded(2);
    expect(request).toMatchObject({ kind: 'request', status: 400, error: { code: 'http_request_error' } });
  });

  e2e('closes the tunnel when the server has closed its connection between two requests', async (lab) => {
    const origin = await helloOrigin(lab);
    const proxy = await lab.inband(http());
    const client = await openTunnel(proxy, origin.port);
    client.sendHead('GET / HTTP/1.1', 'Host: h');
    await client.until('via 1.1 inband');
    origin.connections[0]?.end();
    expect(await client.toEnd()).toBe('');
    client.socket.end();
    await proxy.recorded(2);
  });

  e2e(
    'closes the tunnel without an answer when the server closes instead of answering another request',
    async (lab) => {
      const origin = await lab.tcpOrigin((socket) => {
        socket.once('data', () => {
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
          socket.once('data', () => socket.end());
        });
      });
      const proxy = await lab.inband(http());
      const client = await openTunnel(proxy, origin.port);
      client.sendHead('GET /1 HTTP/1.1', 'Host: h');
      await client.until('ok');
      client.sendHead('GET /2 HTTP/1.1', 'Host: h');
      expect(await client.toEnd()).toBe('');
      client.socket.end();
      const records = await proxy.recorded(3);
      expect(records.find(({ url }) => url === '/2')).toMatchObject({
        status: 0,
        reused: true,
        error: { code: 'connection_terminated' },
      });
    },
  );

  e2e('switches protocols as it would outside', async (lab) => {
    const origin = await lab.origin(() => {});
    origin.server.on('upgrade', (_req, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      socket.pipe(socket);
    });
    const proxy = await lab.inband(http());
    const client = await openTunnel(proxy, origin.port);
    client.sendHead('GET / HTTP/1.1', 'Host: h', 'Connection: Upgrade', 'Upgrade: echo');
    expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 101 /);
    client.send('anything');
    expect(await client.until('anything')).toBe('anything');
    client.socket.end();
    expect(await client.toEnd()).toBe('');
    const records = await proxy.recorded(2);
    expect(records.find(({ url }) => url === '/')).toMatchObject({
      kind: 'tunnel',
      status: 101,
      bytesIn: 8,
      bytesOut: 8,
    });
  });

  e2e('says that it closes when the server closes after its response', async (lab) => {
    const origin = await lab.origin((_req, res) => void res.setHeader('Connection', 'close').end('last'));
    const proxy = await lab.inband(http());
    const client = await openTunnel(proxy, origin.port);
    client.sendHead('GET / HTTP/1.1', 'Host: h');
    expect(await client.toEnd()).toMatch(/\r\nConnection: close\r\n[^]*last$/i);
    client.socket.end();
    await proxy.recorded(2);
  });

  e2e('carries large bodies both ways, whole, past a reader that is slow to begin', async (lab) => {
    const body = randomBytes(8 * 1024 * 1024);
    const origin = await lab.origin((req, res) => void req.pipe(res));
    const proxy = await lab.inband(http());
    const client = await openTunnel(proxy, origin.port);
    client.sendHead('POST / HTTP/1.1', 'Host: h', `Content-Length: ${body.length}`, 'Connection: close');
    client.socket.pause();
    client.socket.write(body);
    await once(client.socket, 'drain');
    client.socket.resume();
    const answer = Buffer.from(await client.toEnd(), 'latin1');
    expect(answer.toString('latin1', 0, 12)).toBe('HTTP/1.1 200');
    expect(answer.length).toBeGreaterThan(body.length);
    client.socket.end();
    const [request, tunnel] = await proxy.recorded(2);
    expect(request).toMatchObject({ bytesIn: body.length, bytesOut: body.length, error: undefined });
    expect(tunnel?.bytesIn).toBeGreaterThan(body.length);
    expect(tunnel?.bytesOut).toBe(answer.length);
  });

  e2e('ends with its client: a reset one is aborted, and the server connection closes', async (lab) => {
    const begun = Promise.withResolvers<void>();
    const origin = await lab.origin((_req, res) => {
      res.write('begun');
      begun.resolve();
    });
    const proxy = await lab.inband(http());
    const client = await openTunnel(proxy, origin.port);
    client.sendHead('GET / HTTP/1.1', 'Host: h');
    await begun.promise;
    client.socket.resetAndDestroy();
    const records = await proxy.recorded(2);
    expect(records.find(({ kind }) => kind === 'request')).toMatchObject({ aborted: true });
    await vi.waitUntil(() => origin.connections[0]?.destroyed, { interval: 5, timeout: 10_000 });
  });

  e2e('is drained with the proxy: an idle tunnel closes, a busy one finishes', async (lab) => {
    const arrived = Promise.withResolvers<() => void>();
    const origin = await lab.origin((req, res) => {
      if (req.url === '/quick') return void res.end('done');
      arrived.resolve(() => res.end('finished'));
    });
    const proxy = await lab.inband(http());
    const idle = await openTunnel(proxy, origin.port);
    idle.sendHead('GET /quick HTTP/1.1', 'Host: h');
    await idle.until('done');
    const busy = await openTunnel(proxy, origin.port);
    busy.sendHead('GET /slow HTTP/1.1', 'Host: h');
    const finish = await arrived.promise;
    const closed = proxy.close({ grace: 10_000 });
    expect(await idle.toEnd()).toBe('');
    idle.socket.end();
    finish();
    expect(await busy.toEnd()).toMatch(/finished/);
    busy.socket.end();
    await closed;
  });

  e2e('passes errors of the nested chainer on unchanged', async (lab) => {
    const proxy = await lab.inband(http());
    const client = await RawClient.connect(proxy.port);
    client.sendHead('CONNECT 127.0.0.1:1 HTTP/1.1', 'Host: 127.0.0.1:1');
    expect(await client.toEnd()).toMatch(/^HTTP\/1\.1 502 [^]*error=connection_refused/);
    client.socket.end();
  });
});

describeRequiring({ commands: ['curl'] }, 'curl', () => {
  e2e('goes through the program: allowed, denied inside, and both are in the log', async (lab) => {
    const origin = await helloOrigin(lab);
    const program = await startProgram(lab, http({ access: [{ deny: { hosts: 'evil.example' } }] }));
    const tunnel = ['-i', '-p', '-x', `http://127.0.0.1:${program.port}`];
    const allowed = await curl([...tunnel, `${origin.url}/page`]);
    expect(allowed.stdout.toString()).toMatch(/\r\n\r\nHTTP\/1\.1 200 [^]*127\.0\.0\.1:\d+\/page via 1\.1 inband$/);
    const denied = await curl([...tunnel, '-H', 'Host: evil.example', `${origin.url}/page`]);
    expect(denied.stdout.toString()).toMatch(/\r\n\r\nHTTP\/1\.1 403 /);
    const requests = await program.logged('request', 2);
    const tunnels = await program.logged('tunnel', 2);
    expect(requests).toMatchObject([
      {
        service: 'inside',
        chainer: 'none',
        method: 'GET',
        target: '/page',
        status: 200,
        server: `127.0.0.1:${origin.port}`,
      },
      { service: 'inside', status: 403, error: 'http_request_denied', rule: 'services.inside.access[0]' },
    ]);
    expect(tunnels).toMatchObject([{ service: 'browser', chainer: 'sidestack', status: 200 }, { status: 200 }]);
    expect(requests.map(({ parent }) => parent)).toEqual(tunnels.map(({ session }) => session));
  });
});

/** A TLS client for `servername` in a tunnel. */
async function secure(tunnel: RawClient, servername: string): Promise<TLSSocket> {
  tunnel.socket.removeAllListeners('data');
  const socket = connectTls({
    socket: tunnel.socket,
    servername,
    ca: certificate.cert,
    checkServerIdentity: () => undefined,
  });
  await once(socket, 'secureConnect');
  return socket;
}

describe('CONNECT through a TLS guard', () => {
  e2e('goes on when the ClientHello is for the host of the tunnel, and every byte survives', async (lab) => {
    const body = randomBytes(4 * 1024 * 1024);
    const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
    const origin = await lab.tlsOrigin((_req, res) => void res.end(body));
    const proxy = await lab.inband(tls());
    const socket = await secure(await openTunnel(proxy, origin.port, 'localhost'), 'localhost');
    socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    const received: Buffer[] = [];
    for await (const bytes of socket) received.push(bytes as Buffer);
    // The socket can still be written to, and Node 24 leaves it open after the loop.
    socket.destroy();
    const answer = Buffer.concat(received);
    expect(hash(answer.subarray(-body.length))).toBe(hash(body));
    const records = await proxy.recorded(2);
    const [inner, outer] = records.toSorted((a, b) => b.session.id - a.session.id);
    expect(inner).toMatchObject({ kind: 'tunnel', url: `localhost:${origin.port}`, error: undefined });
    expect(inner?.session.service.name).toBe('inside');
    expect([inner?.bytesIn, inner?.bytesOut]).toEqual([outer?.bytesIn, outer?.bytesOut]);
  });

  e2e.each([
    ['is for another host', 'localhost', 'evil.example', /"evil\.example", is not the host of the tunnel, "localhost"/],
    [
      'is for a name and the tunnel to an address',
      '127.0.0.1',
      'localhost',
      /not the host of the tunnel, "127\.0\.0\.1"/,
    ],
  ] as const)('is refused when the ClientHello %s: the server hears nothing', async (lab, [, host, name, reason]) => {
    let bytes = 0;
    const origin = await lab.tcpOrigin((socket) => socket.on('data', (data) => (bytes += data.length)).resume());
    const proxy = await lab.inband(tls());
    const tunnel = await openTunnel(proxy, origin.port, host);
    tunnel.socket.removeAllListeners('data');
    const socket = connectTls({ socket: tunnel.socket, servername: name });
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
    tunnel.socket.destroy();
    const records = await proxy.recorded(2);
    const refused = records.find(({ session }) => session.service.name === 'inside');
    expect(refused?.error?.message).toMatch(reason);
    expect(bytes).toBe(0);
  });

  e2e('goes on when the name is on the allow list', async (lab) => {
    const origin = await lab.tlsOrigin((_req, res) => void res.end('ok'));
    const proxy = await lab.inband(tls({ allow: ['*.cdn.example'] }));
    const socket = await secure(await openTunnel(proxy, origin.port), 'a.cdn.example');
    socket.end('GET / HTTP/1.1\r\nHost: a.cdn.example\r\nConnection: close\r\n\r\n');
    let answer = '';
    for await (const bytes of socket) answer += String(bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*ok/);
    await proxy.recorded(2);
  });

  e2e('refuses what is not TLS', async (lab) => {
    const origin = await helloOrigin(lab);
    const proxy = await lab.inband(tls());
    const client = await openTunnel(proxy, origin.port);
    client.sendHead('GET / HTTP/1.1', 'Host: h');
    expect(await client.toEnd()).toBe('');
    client.socket.end();
    const records = await proxy.recorded(2);
    expect(records.map(({ error }) => error?.message)).toContain('The tunnel was refused: it does not begin with TLS.');
  });
});
