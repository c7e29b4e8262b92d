import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { makeAuthority } from '../../../../packages/tls/test-support/certificates.ts';
import { askAdmin } from '../../test-support/admin-client.ts';
import { startProgram } from '../../test-support/program.ts';

const TOKEN = 'tok-4711-do-not-tell';
const AUTHORIZATION = `Bearer ${TOKEN}`;
const sdk = fileURLToPath(new URL('../../../../docs/examples/tracing-sdk.ts', import.meta.url));

/** An HTTPS server that sends back what it is asked, as a service for tests does; `/hang` is never answered. */
async function startEcho(): Promise<{ readonly port: number; readonly ca: string; readonly asked: string[] }> {
  const authority = makeAuthority();
  const { chain: cert, key } = authority.issue({ names: ['api.example'] });
  const asked: string[] = [];
  const server = createServer({ cert, key }, ({ method, url, headers, socket }, response) => {
    asked.push(`${method} ${url} ${headers.authorization ?? ''}`);
    if (url?.startsWith('/hang') === true) return;
    if (url === '/broken') {
      socket.end(`HTTP/1.1 ${headers.authorization} OK\r\n\r\n`);
      return;
    }
    response.writeHead(200, { 'x-echo': headers.authorization ?? '', location: `/?t=${headers.authorization}` });
    response.end(JSON.stringify({ authorization: headers.authorization }));
  });
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    server.closeAllConnections();
    return new Promise<void>((done) => void server.close(() => done()));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('It has no port.');
  return { port: address.port, ca: authority.cert, asked };
}

/** What is answered to one request, sent byte by byte as it is written. */
function exchange(port: number, text: string): Promise<string> {
  return new Promise((done) => {
    let got = '';
    const socket = connect(port, '127.0.0.1', () => void socket.write(text));
    socket.on('data', (bytes) => (got += bytes.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => done(got));
  });
}

/** The lines of the log that the admin API sends until it is stopped. */
function readLog(admin: string): { readonly text: () => string; stop(): void } {
  const { hostname: host, port } = new URL(`http://${admin}`);
  let text = '';
  const sent = request({ host, port, path: '/log' }, (response) => {
    response.on('data', (bytes: Buffer) => (text += bytes.toString()));
    response.on('error', () => undefined);
  });
  sent.on('error', () => undefined);
  sent.end();
  return { text: () => text, stop: () => sent.destroy() };
}

test('a secret that the proxy sets is shown nowhere, also when a server echoes it and a client repeats it', async () => {
  const echo = await startEcho();
  const folder = await mkdtemp(join(tmpdir(), 'inband-secrets-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'ca.pem'), echo.ca);
  await writeFile(join(folder, 'token'), `${TOKEN}\n`);
  const configuration = {
    admin: { bind: '127.0.0.1:0' },
    metrics: { hosts: 10 },
    tracing: { sdk, trust: 'loopback' },
    log: { format: 'json', slow: '1ms', level: 'debug' },
    listeners: [{ bind: '127.0.0.1:0', service: 'out' }],
    services: {
      out: {
        mode: 'forward',
        routes: [
          {
            match: { host: 'api.example' },
            chainer: {
              type: 'directed',
              remote: `https://127.0.0.1:${echo.port}`,
              tls: { ca: 'ca.pem', servername: 'api.example' },
            },
            fields: { request: [{ set: { authorization: { file: 'token', prefix: 'Bearer ' } } }] },
          },
          { chainer: { type: 'directed', remote: '127.0.0.1:1' } },
        ],
      },
    },
  };
  await writeFile(join(folder, 'inband.json'), JSON.stringify(configuration));
  const program = startProgram(['--config', join(folder, 'inband.json')], undefined, { INBAND_DEBUG: '*' });
  const { address: admin } = await program.during(program.logged('the admin server listens'));
  const { address } = await program.during(program.logged('listening'));
  const port = Number(String(address).split(':').at(-1));
  const log = readLog(String(admin));
  const ask = (target: string, host = 'api.example', method = 'GET', more = ''): Promise<string> =>
    exchange(port, `${method} http://${host}${target} HTTP/1.1\r\nHost: ${host}\r\n${more}Connection: close\r\n\r\n`);

  // The workload knows no secret, and what it claims is replaced.
  const answer = await ask('/', 'api.example', 'GET', 'Authorization: Bearer mine\r\n');
  expect(echo.asked).toEqual([`GET / ${AUTHORIZATION}`]);
  // An echo is what the server says: it passes.
  expect(answer).toContain(`\r\nx-echo: ${AUTHORIZATION}\r\n`);
  await ask('/broken');
  // So now the workload knows, and repeats it wherever a log would show it.
  await ask(`/${TOKEN}?t=${encodeURIComponent(AUTHORIZATION)}`);
  await ask('/', `${TOKEN}.evil.example`);
  await ask('/', 'api.example', TOKEN.toUpperCase());
  await ask('/', 'api.example', TOKEN);
  await exchange(port, `GET /${TOKEN} HTTP/1.1\r\nHost: a b\r\n\r\n`);
  const hanging = connect(port, '127.0.0.1');
  hanging.on('error', () => undefined);
  hanging.write(`GET http://api.example/hang/${TOKEN} HTTP/1.1\r\nHost: api.example\r\n\r\n`);
  const views = new Map<string, string>();
  const look = async (path: string): Promise<string> => {
    const seen = JSON.stringify((await askAdmin(String(admin), ['GET', path])).body);
    views.set(path, seen);
    return seen;
  };
  await vi.waitFor(async () => expect(await look('/sessions')).toContain('/hang/[redacted]'), { timeout: 15_000 });
  await vi.waitFor(async () => expect(await look('/errors')).toContain('[redacted].evil.example'), { timeout: 15_000 });
  for (const path of ['/denials', '/config', '/routes', '/stats']) await look(path);
  // Whoever reads the log gets the lines from a moment later on.
  const repeat = async (): Promise<void> => {
    await ask(`/${TOKEN}`);
    expect(log.text()).toContain('/[redacted]"');
  };
  await vi.waitFor(repeat, { timeout: 15_000, interval: 200 });
  log.stop();
  hanging.destroy();
  program.kill('SIGTERM');
  const { stdout, stderr } = await program.ended;

  const access = stdout.split('\n').filter((line) => line.includes('"msg":"request"'));
  expect(access.length).toBeGreaterThanOrEqual(7);
  expect(stdout).toContain('"target":"http://api.example/[redacted]?t=Bearer%20[redacted]"');
  // Debug lines and spans.
  expect(stderr).toContain('[redacted]');
  expect(stderr).toMatch(/"url\.path":"\/\[redacted\]"/);
  const shown: (readonly [string, string])[] = [['stdout', stdout], ['stderr', stderr], ['log', log.text()], ...views];
  for (const [where, text] of shown) {
    expect(text.toLowerCase(), where).not.toContain(TOKEN.slice(4));
  }
}, 60_000);
