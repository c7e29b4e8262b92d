import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectTcp, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import type { ConfigInput } from 'inband';
import { expect, vi } from 'vitest';
import { freePort } from '../../packages/core/test-support/free-port.ts';
import { curl } from '../support/curl.ts';
import { describeRequiring } from '../support/requires.ts';
import { bodyStream, hashOf, hashOfBody, MiB } from './bodies.ts';
import { e2e, forward, type Lab } from './lab.ts';
import { CertificateFolder } from './tls-peers.ts';

// curl and bodies take seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

/** A forward proxy whose listener accepts SOCKS as well. */
function accepting(accept: ('http' | 'socks5' | 'socks4a')[] = ['http', 'socks5', 'socks4a']) {
  const config = forward();
  return { ...config, listeners: config.listeners.map((listener) => ({ ...listener, accept })) };
}

/** Asks by SOCKS 5 for a tunnel to a port of this machine, and sends `early` with it. */
function ask(socket: Socket, port: number, early = ''): void {
  const request = [5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, port >> 8, port & 0xff];
  socket.write(Buffer.concat([Buffer.from(request), Buffer.from(early)]));
}

const OPENED = '050005000001000000000000';

/** What a socket receives until it has `length` bytes. */
async function receive(socket: Socket, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let total = 0; total < length;) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    chunks.push(chunk);
    total += chunk.length;
  }
  return Buffer.concat(chunks);
}

async function echoPort(lab: Lab): Promise<number> {
  const { port } = await lab.tcpOrigin((socket) => void socket.pipe(socket));
  return port;
}

describeRequiring({ commands: ['curl'] }, 'curl', () => {
  e2e('gets pages by every version of SOCKS, and by HTTP, on one port', async (lab) => {
    const proxy = await lab.inband(accepting());
    const plain = await lab.origin((req, res) => void res.end(`plain ${req.headers.host}`));
    const secure = await lab.tlsOrigin((_req, res) => void res.end('secure'));
    const byName = (url: string): string => url.replace('127.0.0.1', 'localhost');
    for (const [scheme, url] of [
      ['socks5', plain.url],
      ['socks5h', byName(plain.url)],
      ['socks4', plain.url],
      ['socks4a', byName(plain.url)],
      ['http', plain.url],
    ] as const) {
      const got = await curl(['-x', `${scheme}://127.0.0.1:${proxy.port}`, url]);
      expect([scheme, got.stdout.toString()]).toEqual([scheme, `plain ${new URL(url).host}`]);
    }
    const tls = await curl(['-k', '-x', `socks5h://user:word@127.0.0.1:${proxy.port}`, secure.url]);
    expect(tls.stdout.toString()).toBe('secure');
    const records = await proxy.recorded(6);
    expect(records.map(({ session, kind }) => [session.client.protocol, session.method, kind])).toEqual([
      ['socks5', 'CONNECT', 'tunnel'],
      ['socks5', 'CONNECT', 'tunnel'],
      ['socks4', 'CONNECT', 'tunnel'],
      ['socks4', 'CONNECT', 'tunnel'],
      [undefined, 'GET', 'request'],
      ['socks5', 'CONNECT', 'tunnel'],
    ]);
    expect(records[1]?.session.target?.host).toBe('localhost');
  });

  e2e('is told why it gets no page', async (lab) => {
    const config = accepting();
    const browser = { ...config.services.browser!, access: [{ deny: { hosts: ['denied.example'] } }] };
    const proxy = await lab.inband({ ...config, services: { browser } });
    const via = ['-x', `socks5h://127.0.0.1:${proxy.port}`];
    const denied = await curl([...via, 'http://denied.example/']);
    expect([denied.status, denied.stderr]).toEqual([97, expect.stringContaining('(2)')]);
    const refused = await curl([...via, `http://127.0.0.1:${await freePort()}/`]);
    expect([refused.status, refused.stderr]).toEqual([97, expect.stringContaining('(5)')]);
  });

  e2e('goes out by parents and pools like any other, and hears what its server has said', async (lab) => {
    const parent = await lab.inband(accepting());
    const origin = await lab.origin((_req, res) => void res.end('a page'));
    const config = accepting();
    const servers = [`127.0.0.1:${parent.port}`];
    const access = [{ allow: { hosts: ['127.0.0.1', 'localhost', 'pool.example'] } }];
    const routes: ConfigInput['services'][string]['routes'] = [
      { match: { host: 'localhost' }, chainer: { type: 'parent', protocol: 'http', servers } },
      { match: { host: 'pool.example' }, chainer: { type: 'pool', servers: [`127.0.0.1:${origin.port}`] } },
      { chainer: { type: 'parent', protocol: 'socks5', servers } },
    ];
    const proxy = await lab.inband({
      ...config,
      services: { browser: { ...config.services.browser!, access, routes } },
    });
    const via = ['-x', `socks5h://127.0.0.1:${proxy.port}`];
    for (const host of ['127.0.0.1', 'localhost', 'pool.example']) {
      const { stdout } = await curl([...via, `http://${host}:${origin.port}/`]);
      expect([host, stdout.toString()]).toEqual([host, 'a page']);
    }
    const refused = await curl([...via, `http://127.0.0.1:${await freePort()}/`]);
    expect([refused.status, refused.stderr]).toEqual([97, expect.stringContaining('(5)')]);
    const protocols = (await parent.recorded(3)).map(({ session }) => session.client.protocol ?? 'http');
    expect(protocols).toEqual(['socks5', 'http', 'socks5']);
  });

  e2e('reaches a proxy behind a Unix socket by SOCKS', async (lab) => {
    const folder = await mkdtemp(join(tmpdir(), 'inband-socks-'));
    lab.defer(() => rm(folder, { recursive: true }));
    const path = join(folder, 's');
    const [listener] = accepting().listeners;
    await lab.inband({ ...forward(), listeners: [{ ...listener!, bind: `unix:${path}` }] });
    const origin = await lab.origin((_req, res) => void res.end('a page'));
    const { stdout } = await curl(['-x', `socks5h://localhost${path}`, origin.url]);
    expect(stdout.toString()).toBe('a page');
  });

  e2e('sends and gets a large body unharmed', async (lab) => {
    const proxy = await lab.inband(accepting(['socks5']));
    const origin = await lab.origin(async (req, res) => {
      res.end(await hashOf(req));
    });
    const size = 32 * MiB;
    const sent = await curl(['-x', `socks5://127.0.0.1:${proxy.port}`, '-T', '-', origin.url], bodyStream(size));
    expect(sent.stdout.toString()).toBe(hashOfBody(size));
  });
});

e2e('what a client sends with its request, and its end, get through', async (lab) => {
  const port = await echoPort(lab);
  const proxy = await lab.inband(accepting());
  const client = connectTcp({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
  lab.defer(() => client.destroy());
  ask(client, port, 'early');
  client.end();
  const received = await receive(client, 17);
  expect([received.toString('hex', 0, 12), received.toString('latin1', 12)]).toEqual([OPENED, 'early']);
  const [record] = await proxy.recorded(1);
  expect(record).toMatchObject({ kind: 'tunnel', bytesIn: 5, bytesOut: 5, aborted: false });
});

e2e('the first byte within TLS decides, where the listener speaks TLS', async (lab) => {
  const port = await echoPort(lab);
  const files = await CertificateFolder.make(lab);
  const certificate = await files.issue('proxy', { names: ['localhost'] });
  const [listener] = accepting().listeners;
  const proxy = await lab.inband({ ...forward(), listeners: [{ ...listener!, tls: { certificates: [certificate] } }] });
  const client = connectTls({ port: proxy.port, host: '127.0.0.1', servername: 'localhost', ca: files.authority.cert });
  lab.defer(() => client.destroy());
  await once(client, 'secureConnect');
  ask(client, port, 'hello');
  expect((await receive(client, 17)).toString('latin1', 12)).toBe('hello');
  client.destroy();
  const [record] = await proxy.recorded(1);
  expect([record?.session.client.protocol, record?.session.client.tls?.serverName]).toEqual(['socks5', 'localhost']);
});
