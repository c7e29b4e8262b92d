import type { ConfigInput } from 'inband';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { describe, expect } from 'vitest';
import { describeRequiring } from '../support/requires.ts';
import { testTransport } from '../support/transport.ts';
import { e2e, forward, type Lab } from './lab.ts';
import { startProgram } from './program.ts';
import { RawClient } from './raw-client.ts';
import { CertificateFolder } from './tls-peers.ts';

/** One request on a connection of its own, from an address of loopback: everything that came. */
async function ask(port: number, url: string, localAddress = '127.0.0.1'): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, localAddress });
  let received = '';
  socket.on('data', (bytes) => (received += bytes.toString('latin1')));
  socket.on('error', (error: NodeJS.ErrnoException) => (received ||= error.code ?? 'error'));
  socket.write(`GET ${url} HTTP/1.1\r\nHost: ${new URL(url).host}\r\nConnection: close\r\n\r\n`);
  await new Promise((resolve) => socket.once('close', resolve));
  return received;
}

/** Asks until there is room again. */
async function untilServed(port: number, url: string): Promise<void> {
  for (let answer = ''; !answer.startsWith('HTTP/1.1 200'); answer = await ask(port, url)) await wait(10);
}

/** A client that has a tunnel, or was told why not. */
async function tunnel(lab: Lab, port: number, to: number): Promise<string> {
  const client = await RawClient.connect(port);
  lab.defer(() => client.socket.destroy());
  client.sendHead(`CONNECT 127.0.0.1:${to} HTTP/1.1`, `Host: 127.0.0.1:${to}`);
  return client.until('\r\n\r\n');
}

function limited(limits: NonNullable<ConfigInput['limits']>): ConfigInput {
  return { ...forward(), limits };
}

describeRequiring({ commands: ['prlimit'], linux: true }, 'with 256 descriptors', () => {
  const within = ['prlimit', '--nofile=256:256'];

  e2e(
    'all of 400 clients that are let in get their answer, and nobody is told that there is no descriptor',
    async (lab) => {
      const origin = await lab.origin((_request, response) => void wait(200).then(() => response.end('answered')));
      const program = await startProgram(lab, forward(), within);
      const answers = await Promise.all(Array.from({ length: 400 }, () => ask(program.port, `${origin.url}/`)));
      const served = answers.filter((answer) => answer.startsWith('HTTP/1.1 200'));
      const told = answers.filter((answer) => answer.startsWith('HTTP/1.1 503'));
      for (const answer of told) {
        expect(answer).toMatch(/\r\nRetry-After: \d+\r\n/);
        expect(answer).toContain('"setting": "limits.connections"');
      }
      expect(served.length).toBeGreaterThanOrEqual(80);
      // The others wait where the transport can have that; where it cannot, they are told, or reset when those are many.
      if (testTransport === 'epoll') expect(served.length).toBe(400);
      else expect(answers.filter((answer) => !/^HTTP\/1\.1 (200|503)|^ECONNRESET|^EPIPE/.test(answer))).toEqual([]);
      expect(program.lines.join('\n')).not.toContain('no file descriptor left');
      expect(await ask(program.port, `${origin.url}/`)).toMatch(/^HTTP\/1\.1 200/);
      program.kill('SIGTERM');
      expect(await program.ended).toMatchObject({ status: 0 });
    },
  );

  e2e('each client that is let in gets a tunnel, though all stay open', async (lab) => {
    const origin = await lab.tcpOrigin(() => undefined);
    const program = await startProgram(lab, forward(), within);
    const clients = Array.from({ length: 88 }, () => tunnel(lab, program.port, origin.port));
    for (const head of await Promise.all(clients)) expect(head).toMatch(/^HTTP\/1\.1 200/);
  });

  e2e('idle server connections make room for clients and other servers', async (lab) => {
    const origins = await Promise.all(
      Array.from({ length: 120 }, () => lab.origin((_request, response) => response.end('answered'))),
    );
    const program = await startProgram(lab, forward(), within);
    for (const origin of origins) expect(await ask(program.port, `${origin.url}/`)).toMatch(/^HTTP\/1\.1 200/);
    const all = origins.flatMap(({ url }) => [url, url]).slice(0, 80);
    const answers = await Promise.all(all.map((url) => ask(program.port, `${url}/`)));
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 200/);
  });
});

describe('limits', () => {
  e2e('of connections in all: the next client waits, or is told, until there is room', async (lab) => {
    const origin = await lab.origin((_request, response) => response.end('answered'));
    const proxy = await lab.inband(limited({ connections: 2 }));
    const holding = [await RawClient.connect(proxy.port), await RawClient.connect(proxy.port)];
    for (const client of holding) {
      client.sendHead(`GET ${origin.url}/ HTTP/1.1`, `Host: 127.0.0.1:${origin.port}`);
      await client.until('answered');
    }
    const third = ask(proxy.port, `${origin.url}/`);
    if (testTransport === 'epoll') {
      expect(await Promise.race([third, wait(200)])).toBeUndefined();
      holding[0]?.socket.destroy();
      expect(await third).toMatch(/^HTTP\/1\.1 200/);
    } else {
      expect(await third).toMatch(/^HTTP\/1\.1 503 [^]*\r\nRetry-After: 1\r\n[^]*"setting": "limits\.connections"/);
      holding[0]?.socket.destroy();
      await untilServed(proxy.port, `${origin.url}/`);
    }
    for (const client of holding) client.socket.destroy();
  });

  e2e('of one client: it is told which setting, and others are served', async (lab) => {
    const origin = await lab.origin((_request, response) => response.end('answered'));
    const proxy = await lab.inband(limited({ perClient: { connections: 3 } }));
    const holding = await Promise.all(Array.from({ length: 3 }, () => RawClient.connect(proxy.port)));
    for (const client of holding) {
      client.sendHead(`GET ${origin.url}/ HTTP/1.1`, `Host: 127.0.0.1:${origin.port}`);
      await client.until('answered');
    }
    const refused = await ask(proxy.port, `${origin.url}/`);
    expect(refused).toMatch(/^HTTP\/1\.1 503 [^]*\r\nRetry-After: 1\r\n/);
    expect(refused).toContain('"setting": "limits.perClient.connections"');
    expect(refused).toContain('"fault": "client"');
    if (process.platform === 'linux') {
      expect(await ask(proxy.port, `${origin.url}/`, '127.0.0.2')).toMatch(/^HTTP\/1\.1 200/);
    }
    holding[0]?.socket.destroy();
    await untilServed(proxy.port, `${origin.url}/`);
    for (const client of holding) client.socket.destroy();
    const refusals = proxy.records.filter(({ error }) => error?.setting === 'limits.perClient.connections');
    expect(refusals.length).toBeGreaterThan(0);
  });

  e2e('of one client: it is told over TLS as well, where its listener speaks that', async (lab) => {
    const files = await CertificateFolder.make(lab);
    const certificate = await files.issue('proxy', { names: ['localhost'] });
    const config = limited({ perClient: { connections: 1 } });
    const [listener] = config.listeners;
    const proxy = await lab.inband({ ...config, listeners: [{ ...listener!, tls: { certificates: [certificate] } }] });
    const open = (): TLSSocket =>
      connectTls({ port: proxy.port, host: '127.0.0.1', servername: 'localhost', ca: files.authority.cert });
    const first = open();
    await once(first, 'secureConnect');
    const second = open();
    second.write('GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n');
    let received = '';
    second.on('data', (bytes) => (received += bytes.toString('latin1')));
    await once(second, 'end');
    expect(received).toMatch(/^HTTP\/1\.1 503 [^]*\r\nRetry-After: 1\r\n/);
    expect(received).toContain('"setting": "limits.perClient.connections"');
    first.destroy();
    second.destroy();
  });

  e2e('of part heads: the oldest ones are answered, the memory is bounded, and whole requests pass', async (lab) => {
    const origin = await lab.origin((_request, response) => response.end('answered'));
    const proxy = await lab.inband(limited({ partialHeads: '128KiB' }));
    const part = `GET ${origin.url}/ HTTP/1.1\r\nHost: 127.0.0.1:${origin.port}\r\nX-Long: ${'x'.repeat(12_000)}`;
    const clients: RawClient[] = [];
    for (let number = 0; number < 16; number += 1) {
      const client = await RawClient.connect(proxy.port);
      client.send(part);
      clients.push(client);
    }
    for (const client of clients.slice(0, 8)) {
      const head = await client.until('\r\n\r\n');
      expect(head).toMatch(/^HTTP\/1\.1 503 [^]*\r\nRetry-After: 1\r\n/);
    }
    expect(await ask(proxy.port, `${origin.url}/`)).toMatch(/^HTTP\/1\.1 200/);
    const last = clients.at(-1)!;
    last.send('\r\nConnection: close\r\n\r\n');
    expect(await last.until('answered')).toMatch(/^HTTP\/1\.1 200/);
    for (const client of clients) client.socket.destroy();
    await proxy.recorded(10);
  });
});
