import type { SessionRecord } from '@inband/core';
import { type ChildProcess, spawn } from 'node:child_process';
import { hash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { connect } from 'node:tls';
import { createInband, type Inband } from 'inband';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { freePort } from '../../packages/core/test-support/free-port.ts';
import { makeAuthority, selfSigned, type TestCertificate } from '../../packages/tls/test-support/certificates.ts';
import { type Nginx, startNginx } from '../support/nginx.ts';
import { describeRequiring } from '../support/requires.ts';

const NAME = 'web.example';
const authority = makeAuthority();
const good = authority.issue({ names: [NAME] });
const own = selfSigned({ names: [NAME] });
const client = authority.issue({ names: ['proxy.example'], usage: 'client' });

let folder: string;
let inband: Inband | undefined;
let nginx: Nginx | undefined;
const children: ChildProcess[] = [];
const records: SessionRecord[] = [];
/** One connection, because an idle server connection is reused for the same client at once. */
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let servers = 0;

/** Writes a certificate with its chain and key, and returns the path. */
async function pemOf(name: string, { chain, key }: TestCertificate): Promise<string> {
  const path = join(folder, `${name}.pem`);
  await writeFile(path, chain + key, { mode: 0o600 });
  return path;
}

/** `openssl s_server`, which answers every GET with a page about its handshake and closes. Resolves with its port. */
async function startServer(shown: TestCertificate, ...argv: readonly string[]): Promise<number> {
  servers += 1;
  const pem = await pemOf(`server-${servers}`, shown);
  const all = ['s_server', '-accept', '127.0.0.1:0', '-cert', pem, '-key', pem, '-cert_chain', pem, '-www', ...argv];
  const child = spawn('openssl', all, { stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(child);
  let text = '';
  for await (const chunk of child.stdout) {
    text += String(chunk);
    const [, port] = /^ACCEPT .*:(\d+)$/m.exec(text) ?? [];
    if (port !== undefined) return Number(port);
  }
  throw new Error(`openssl s_server has ended: ${text}`);
}

/** HAProxy, which answers everybody who has a certificate of our authority. */
async function startHaproxy(): Promise<number> {
  const port = await freePort();
  const pem = await pemOf('haproxy', good);
  const file = join(folder, 'haproxy.cfg');
  await writeFile(
    file,
    `defaults
  mode http
  timeout client 10s
  timeout server 10s
  timeout connect 10s
frontend web
  bind 127.0.0.1:${port} ssl crt ${pem} ca-file ${join(folder, 'ca.pem')} verify required
  http-request return status 200 content-type text/plain string "from haproxy"
`,
  );
  children.push(spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' }));
  await listening(port);
  return port;
}

async function startTlsNginx(): Promise<number> {
  const port = await freePort();
  const pem = await pemOf('nginx', good);
  nginx = await startNginx(`listen 127.0.0.1:${port} ssl;
    ssl_certificate ${pem};
    ssl_certificate_key ${pem};
    ssl_protocols TLSv1.2 TLSv1.3;
    location / { default_type text/plain; return 200 "from nginx"; }`);
  return port;
}

async function listening(port: number): Promise<void> {
  for (;;) {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    const isThere = await Promise.race([
      once(socket, 'secureConnect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isThere) return;
    await wait(20);
  }
}

function pinOf({ cert }: TestCertificate): string {
  const { publicKey } = new X509Certificate(cert);
  return `sha256/${hash('sha256', publicKey.export({ type: 'spki', format: 'der' }), 'base64')}`;
}

interface Answered {
  readonly status: number;
  readonly body: string;
  readonly record: SessionRecord;
}

/** Asks the proxy for `/<name>/`. */
async function ask(name: string): Promise<Answered> {
  const before = records.length;
  const bound = inband?.listeners[0]?.address;
  const port = bound !== undefined && 'port' in bound ? bound.port : 0;
  const { status, body } = await new Promise<Omit<Answered, 'record'>>((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path: `/${name}/`, agent }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end();
  });
  const record = await vi.waitUntil(() => records[before], { timeout: 10_000 });
  return { status, body, record };
}

describeRequiring({ commands: ['openssl', 'nginx', 'haproxy'] }, 'servers that speak TLS', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inband-tls-servers-'));
    const ca = join(folder, 'ca.pem');
    await writeFile(ca, authority.cert);
    const cert = await pemOf('client', client);
    const old = authority.issue({ names: [NAME], notBefore: new Date(0), notAfter: new Date(1e12) });
    const other = makeAuthority('Other').issue({ names: [NAME] });
    const [tls13, tls12, expired, unknown, ownServer, asking, web, balancer] = await Promise.all([
      startServer(good, '-tls1_3'),
      startServer(good, '-tls1_2'),
      startServer(old),
      startServer(other),
      startServer(own),
      startServer(good, '-Verify', '1', '-verify_return_error', '-CAfile', ca),
      startTlsNginx(),
      startHaproxy(),
    ]);
    const to = (path: string, port: number, tls: object) => ({
      match: { path: `/${path}/` },
      chainer: {
        type: 'directed' as const,
        remote: `https://127.0.0.1:${port}`,
        tls: { servername: NAME, ca, ...tls },
      },
    });
    inband = await createInband(
      {
        listeners: [{ bind: '127.0.0.1:0', service: 'web' }],
        services: {
          web: {
            mode: 'reverse',
            routes: [
              to('1.3', tls13, {}),
              to('1.2', tls12, {}),
              to('too-old', tls12, { minVersion: '1.3' }),
              to('wrong-name', tls13, { servername: 'shop.example' }),
              to('address', tls13, { servername: '127.0.0.1' }),
              to('expired', expired, {}),
              to('unknown', unknown, {}),
              to('self-signed', ownServer, {}),
              to('pinned', ownServer, { ca: undefined, verify: false, pin: [pinOf(own)] }),
              to('client', asking, { cert }),
              to('no-client', asking, {}),
              to('nginx', web, {}),
              to('haproxy', balancer, { cert }),
              to('plain', nginx?.port ?? 0, {}),
            ],
          },
        },
      },
      { onSession: (record) => void records.push(record) },
    );
  });

  afterAll(async () => {
    agent.destroy();
    await inband?.close({ grace: 1_000 });
    await nginx?.stop();
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await rm(folder, { recursive: true });
  });

  test.each([
    ['1.3', 'TLSv1.3'],
    ['1.2', 'TLSv1.2'],
  ])('openssl s_server answers over TLS %s', async (name, version) => {
    const { status, body, record } = await ask(name);
    expect(status).toBe(200);
    expect(body).toContain('</HTML>');
    expect(record.session.serverTls).toMatchObject({ version, serverName: NAME, verified: 'chain' });
  });

  test.each([
    ['wrong-name', /was issued for web\.example, and it should be for shop\.example/, 'chainer.tls.servername'],
    ['address', /was issued for web\.example, and it should be for 127\.0\.0\.1/, 'chainer.tls.servername'],
    ['expired', /certificate has expired/, undefined],
    ['unknown', /leads to no authority that is trusted/, 'chainer.tls.ca'],
    ['self-signed', /self-signed certificate/, 'chainer.tls.ca'],
  ])('a server with the fault "%s" is a 502 with the reason', async (name, message, setting) => {
    const { status, record } = await ask(name);
    expect([status, record.error?.code, record.error?.setting]).toEqual([502, 'tls_certificate_error', setting]);
    expect(record.error?.message).toMatch(message);
    expect(record.session.attempts).toHaveLength(1);
  });

  test('a server that speaks only an older version refuses by an alert, and is not asked for less', async () => {
    const { status, record } = await ask('too-old');
    expect(status).toBe(502);
    expect(record.error).toMatchObject({
      code: 'tls_alert_received',
      setting: 'chainer.tls.minVersion',
      alert: { number: 70, name: 'protocol_version' },
    });
    expect(record.session.attempts).toHaveLength(1);
  });

  test('a server that speaks no TLS is told apart', async () => {
    const { status, record } = await ask('plain');
    expect([status, record.error?.code]).toEqual([502, 'tls_protocol_error']);
  });

  test('a server without an authority is known by its key', async () => {
    const { status, record } = await ask('pinned');
    expect([status, record.session.serverTls?.verified]).toEqual([200, 'pin']);
  });

  test('a server that wants a client certificate gets it, and answers nobody without one', async () => {
    expect((await ask('client')).status).toBe(200);
    expect((await ask('no-client')).status).toBe(502);
  });

  test('nginx answers over one connection, which is reused', async () => {
    const answers = [await ask('nginx'), await ask('nginx')];
    expect(answers.map(({ body }) => body)).toEqual(['from nginx', 'from nginx']);
    expect(answers[1]?.record.reused).toBe(true);
    expect(answers[1]?.record.session.serverTls).toMatchObject({ version: 'TLSv1.3', verified: 'chain' });
  });

  test('HAProxy answers to a client certificate', async () => {
    expect((await ask('haproxy')).body).toBe('from haproxy');
  });
});
