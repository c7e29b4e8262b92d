import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { makeAuthority, type TestCertificateOptions } from '../../../../packages/tls/test-support/certificates.ts';
import { askAdmin } from '../../test-support/admin-client.ts';
import { type Program, runProgram, startProgram } from '../../test-support/program.ts';

// Programs are started, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

// The long form, a new certificate every second for a minute:
// INBAND_RENEWAL_SECONDS=60 INBAND_RENEWAL_EVERY=1000 pnpm vitest run apps/proxy/src/run/renewal.slow.test.ts
const SECONDS = Number(process.env['INBAND_RENEWAL_SECONDS'] ?? 2);
const EVERY = Number(process.env['INBAND_RENEWAL_EVERY'] ?? 450);

const DAY = 86_400_000;
const authority = makeAuthority();
let folder: string;
let program: Program;
let admin: string;
let port: number;

const path = (name: string) => join(folder, name);

/** Both in one file, which takes the place of the old one at once. */
async function write(name: string, options: TestCertificateOptions): Promise<{ readonly serial: string }> {
  const { chain, key, serial } = authority.issue(options);
  await writeFile(path(`${name}.new`), chain + key, { mode: 0o600 });
  await rename(path(`${name}.new`), path(name));
  return { serial: serial.toString('hex').toUpperCase() };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-certificates-'));
  await mkdir(path('certs'));
  await write('a.pem', { names: ['a.example'] });
  await write('certs/b.pem', { names: ['*.b.example'], notAfter: new Date(Date.now() + 10.5 * DAY) });
  await writeFile(
    path('inband.yaml'),
    `
workers: 2
admin: { bind: "127.0.0.1:0", anonymous: change }
listeners:
  - bind: "127.0.0.1:0"
    service: web
    tls: { certificates: [{ cert: a.pem }, { dir: certs }] }
services: { web: { mode: forward, routes: [{ chainer: { type: inband } }] } }
`,
  );
  program = startProgram(['--config', path('inband.yaml')]);
  const [shown, listening] = await program.during(
    Promise.all([program.logged('the admin server listens'), program.logged('listening')]),
  );
  admin = String(shown.address);
  port = Number(String(listening.address).split(':').at(-1));
});

afterAll(async () => {
  program.kill('SIGTERM');
  expect(await program.ended).toMatchObject({ status: 0 });
  await rm(folder, { recursive: true });
});

interface Visit {
  readonly socket: TLSSocket;
  readonly names: string;
  readonly resumed: boolean;
  /** Of the certificate. */
  readonly serial: string;
}

/** A handshake. TLS 1.2 has the ticket within it. */
function visit(servername: string, session?: Buffer): Promise<Visit> {
  return new Promise((resolve, reject) => {
    const how = { ca: authority.cert, maxVersion: 'TLSv1.2', ...(session && { session }) } as const;
    const socket = connect({ host: '127.0.0.1', port, servername, ...how }, () => {
      const { subjectaltname = '', serialNumber } = socket.getPeerCertificate();
      resolve({ socket, names: subjectaltname, serial: serialNumber, resumed: socket.isSessionReused() });
    });
    socket.on('error', reject);
  });
}

/** One handshake after the other until one meets `isRight`, each of which succeeds. Returns their number. */
async function visitUntil(servername: string, isRight: (visit: Visit) => boolean): Promise<number> {
  for (let count = 1; ; count += 1) {
    const visited = await visit(servername);
    visited.socket.destroy();
    if (isRight(visited)) return count;
  }
}

test('a client gets the certificate for its name, by pair or folder, and none for another name', async () => {
  const visits = [await visit('a.example'), await visit('x.b.example')];
  expect(visits.map(({ names }) => names)).toEqual(['DNS:a.example', 'DNS:*.b.example']);
  for (const { socket } of visits) socket.destroy();
  await expect(visit('other.example')).rejects.toMatchObject({ code: 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME' });
});

test('a session is resumed by every worker, also after a reload', async () => {
  const first = await visit('a.example');
  const session = first.socket.getSession();
  first.socket.destroy();
  const resumed = async () => {
    const visits = [];
    // The kernel spreads them over both workers.
    for (let count = 0; count < 16; count += 1) visits.push(await visit('a.example', session));
    for (const { socket } of visits) socket.destroy();
    return visits.filter((each) => each.resumed).length;
  };
  expect(first.resumed).toBe(false);
  expect(await resumed()).toBe(16);
  program.kill('SIGHUP');
  await program.logged('reloaded; nothing has changed');
  expect(await resumed()).toBe(16);
});

test('all workers use a renewed certificate without a reload, no handshake fails, and open connections go on', async () => {
  const before = await visit('a.example');
  await write('a.pem', { names: ['a.example', 'www.a.example'] });
  await visitUntil('a.example', ({ serial }) => serial !== before.serial);
  await Promise.all([program.logged('a certificate was read again'), program.logged('a certificate was read again')]);
  for (let count = 0; count < 16; count += 1) {
    const { socket, names } = await visit('www.a.example');
    socket.destroy();
    expect(names).toBe('DNS:a.example, DNS:www.a.example');
  }
  const answered = new Promise<string>((resolve) =>
    before.socket.once('data', (data) => resolve(data.toString('latin1'))),
  );
  before.socket.write('OPTIONS * HTTP/1.1\r\nHost: a.example\r\nMax-Forwards: 0\r\n\r\n');
  expect(await answered).toMatch(/^HTTP\/1\.1 /);
  before.socket.destroy();
});

/** Of certificates that were added: one by each try. */
const added: string[] = [];

test('no handshake fails while a certificate and its key change again and again, one file after the other', async () => {
  const name = `c${'c'.repeat(added.length)}`;
  added.push(name);
  const end = Date.now() + SECONDS * 1_000;
  const serials = new Set<string>();
  let handshakes = 0;
  const comeAgain = async (): Promise<void> => {
    while (Date.now() < end) {
      const { serial, socket } = await visit(`${name}.example`);
      socket.destroy();
      serials.add(serial);
      handshakes += 1;
    }
  };
  const renew = async (): Promise<void> => {
    while (Date.now() < end) {
      const { chain, key } = authority.issue({ names: [`${name}.example`] });
      await writeFile(path(`certs/${name}.crt`), chain);
      await writeFile(path(`certs/${name}.key`), key, { mode: 0o600 });
      await pause(EVERY);
    }
  };
  const { chain, key } = authority.issue({ names: [`${name}.example`] });
  await writeFile(path(`certs/${name}.key`), key, { mode: 0o600 });
  await writeFile(path(`certs/${name}.crt`), chain);
  await Promise.all([program.logged('a certificate was added'), program.logged('a certificate was added')]);
  await Promise.all([renew(), comeAgain(), comeAgain()]);
  expect(serials.size).toBeGreaterThan(1);
  if (SECONDS > 10) process.stdout.write(`${handshakes} handshakes with ${serials.size} certificates\n`);
});

test('a certificate of no use leaves the one before in place', async () => {
  const { serial, socket } = await visit('a.example');
  socket.destroy();
  await writeFile(path('a.pem'), authority.cert);
  let line: Record<string, unknown> = {};
  while (line.file !== 'a.pem') {
    line = await program.logged('a certificate cannot be used; the one before stays in use');
  }
  expect(line.problem).toBe('a.pem: it has no private key, and no file with one is named by "key" or beside it.');
  expect(await visitUntil('a.example', () => true)).toBe(1);
  expect(await visitUntil('a.example', (visited) => visited.serial === serial)).toBe(1);
});

test('a worker that is started again while a certificate is of no use serves the others, and that one when it is mended', async () => {
  await writeFile(path('a.pem'), authority.cert);
  const [, worker = 0] = await program.processes();
  process.kill(worker, 'SIGKILL');
  await program.logged('restarted');
  for (let count = 0; count < 16; count += 1) (await visit('x.b.example')).socket.destroy();
  const { serial } = await write('a.pem', { names: ['a.example'] });
  await vi.waitFor(
    async () => {
      for (let count = 0; count < 16; count += 1) {
        const visited = await visit('a.example');
        visited.socket.destroy();
        expect(visited.serial).toBe(serial);
      }
    },
    { timeout: 20_000, interval: 100 },
  );
});

test('the admin API and the metrics say when certificates expire, and one process logs it', async () => {
  expect(await program.logged('a certificate expires soon')).toMatchObject({ file: 'certs/b.pem', daysLeft: 10 });
  const { body } = await askAdmin(admin, ['GET', '/certificates']);
  const listeners = [`127.0.0.1:${port}`];
  expect(body).toMatchObject({
    certificates: [
      { setting: 'listeners[0].tls', file: 'a.pem', issuer: 'CN=Test CA', listeners },
      ...added
        .toReversed()
        .map((name) => ({ file: `certs/${name}.crt`, names: [`DNS:${name}.example`], daysLeft: 89, listeners })),
      { file: 'certs/b.pem', names: ['DNS:*.b.example'], daysLeft: 10, listeners },
    ],
  });
  expect(JSON.stringify(body)).not.toMatch(/PRIVATE|BEGIN/);
  const metrics = async () => {
    const response = await fetch(`http://${admin}/metrics`);
    return response.text();
  };
  const line = /^inband_certificate_not_after_timestamp_seconds\{certificate="certs\/b\.pem"\} (\d+)/m;
  await vi.waitFor(async () => expect(await metrics()).toMatch(line), { timeout: 20_000, interval: 500 });
});

test('"inband check" takes an expired certificate for an error, with its place', async () => {
  await write('old.pem', { names: ['a.example'], notBefore: new Date(0), notAfter: new Date(Date.now() - DAY) });
  const text = `
listeners: [{ bind: "127.0.0.1:0", service: web, tls: { certificates: [{ cert: old.pem }] } }]
services: { web: { mode: forward, routes: [{ chainer: { type: inband } }] } }
`;
  await writeFile(path('old.yaml'), text);
  const { status, stderr } = await runProgram(['check', '--config', path('old.yaml')]);
  expect(stderr).toMatch(/old\.yaml:2:\d+: listeners\[0\]\.tls\.certificates\[0\]: old\.pem: it expired on /);
  expect(status).toBe(1);
});
