import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { fetch, ProxyAgent } from 'undici';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { clientHello } from '../support/client-hello.ts';
import { curl } from '../support/curl.ts';
import { describeRequiring } from '../support/requires.ts';
import { Lab, type LabOrigin } from './lab.ts';
import { answerWebSockets, CertificateFolder, type Echo, echoOrigin, startWithPorts } from './tls-peers.ts';

// Programs are started, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const lab = new Lab();
let files: CertificateFolder;
let program: Awaited<ReturnType<typeof startWithPorts>>;
let origin: LabOrigin;
let secure: LabOrigin;
let ca: string;

beforeAll(async () => {
  files = await CertificateFolder.make(lab);
  ca = files.file('ca.pem');
  origin = await echoOrigin(lab);
  secure = await lab.tlsOrigin((req, res) => void res.end(`behind TLS: ${req.url}`));
  answerWebSockets(lab, secure.server);
  const web = await files.issue('web', { names: ['web.example', '*.shop.example'], addresses: ['127.0.0.1'] });
  const rsa = await files.issue('web-rsa', { names: ['web.example', 'rsa.example'], key: 'rsa' });
  const proxy = await files.issue('proxy', { names: ['localhost'] });
  await files.issue('client', {
    names: [],
    uris: ['spiffe://example/billing/a'],
    emails: ['ops@example.com'],
    usage: 'client',
  });
  const bind = '127.0.0.1:0';
  const chainer = { type: 'directed', remote: `127.0.0.1:${origin.port}` } as const;
  program = await startWithPorts(lab, {
    listeners: [
      { bind, service: 'web', tls: { certificates: [web, rsa], clientAuth: 'request', ca, handshakeTimeout: '1s' } },
      { bind, service: 'api', tls: { certificates: [web], clientAuth: 'require', ca, minVersion: '1.3' } },
      { bind, service: 'browsers', tls: { certificates: [proxy] } },
    ],
    services: {
      web: { mode: 'reverse', routes: [{ chainer }] },
      api: { mode: 'reverse', access: [{ allow: { certificates: 'spiffe://example/*' } }], routes: [{ chainer }] },
      browsers: { mode: 'forward', http: { connectPorts: 'any' }, routes: [{ chainer: { type: 'inband' } }] },
    },
  });
}, 60_000);

afterAll(() => lab.close());

/** The parameters of curl for a page of a service, by the name of the host. */
function page(service: string, host: string, path = '/'): string[] {
  const port = program.ports[service];
  return ['--cacert', ca, '--resolve', `${host}:${port}:127.0.0.1`, `https://${host}:${port}${path}`];
}

/** The line that the log has of this request. */
function logOf(path: string): Promise<Readonly<Record<string, unknown>>> {
  return lineWith('request', 'target', path);
}

/** The first line with this message and this value, as soon as it is there. */
async function lineWith(message: string, key: string, value: string): Promise<Readonly<Record<string, unknown>>> {
  for (let count = 1; ; count += 1) {
    const lines = await program.logged(message, count);
    const found = lines.find((line) => line[key] === value);
    if (found !== undefined) return found;
    count = lines.length;
  }
}

describeRequiring({ commands: ['curl'] }, 'curl', () => {
  test.each([
    ['1.2', 'TLSv1.2'],
    ['1.3', 'TLSv1.3'],
  ])('gets a page of a reverse proxy by TLS %s', async (version, tls) => {
    const path = `/curl-${version}`;
    const { stdout, stderr } = await curl(['--tls-max', version, ...page('web', 'web.example', path)]);
    expect(stderr).toBe('');
    const { url, headers } = JSON.parse(stdout.toString()) as Echo;
    expect([url, headers['x-forwarded-proto'], headers.host]).toEqual([
      path,
      'https',
      `web.example:${program.ports.web}`,
    ]);
    expect(await logOf(path)).toMatchObject({ tls, serverName: 'web.example', alpn: 'http/1.1', resumed: false });
  });

  test('asks for several pages on one connection, and sends a body', async () => {
    const urls = [...page('web', 'a.shop.example', '/one'), page('web', 'a.shop.example', '/two').at(-1) ?? ''];
    const sent = Readable.from([Buffer.alloc(300_000)]);
    const { stdout } = await curl(['--data-binary', '@-', '-w', ' %{num_connects}\n', ...urls], sent);
    const lines = stdout.toString().trimEnd().split('\n');
    expect(lines.map((line) => line.slice(-2))).toEqual([' 1', ' 0']);
    expect(lines[0]).toContain('"content-length":"300000"');
  });

  test('is refused by an alert when it asks for a name without a certificate', async () => {
    const { status, stderr } = await curl(page('web', 'other.example'));
    expect([status, stderr]).toEqual([35, expect.stringMatching(/unrecognized.name/)]);
  });

  test('refuses a certificate of an authority that it does not know, and the log says so', async () => {
    const parameters = page('api', 'b.shop.example');
    parameters[1] = '/etc/ssl/certs/ca-certificates.crt';
    expect(await curl(parameters)).toMatchObject({ status: 60 });
    expect(await lineWith('a TLS handshake with a client failed', 'alert', 'unknown_ca')).toMatchObject({
      serverName: 'b.shop.example',
    });
  });

  test('gets 421 for a host that the certificate is not for', async () => {
    const { stdout } = await curl(['-H', 'Host: other.example', '-w', '%{http_code}', ...page('web', 'web.example')]);
    expect(stdout.toString()).toMatch(/421$/);
  });

  test('is a user by its certificate', async () => {
    const identity = ['--cert', files.file('client.pem'), '--key', files.file('client.key')];
    for (const service of ['web', 'api']) {
      const { stdout } = await curl([
        ...identity,
        '-w',
        '%{http_code}',
        ...page(service, 'web.example', `/mine-${service}`),
      ]);
      expect(stdout.toString()).toMatch(/200$/);
      expect(await logOf(`/mine-${service}`)).toMatchObject({ user: 'spiffe://example/billing/a' });
    }
  });

  test('is refused where a certificate is required and it has none, or speaks 1.2 where 1.3 is required', async () => {
    expect((await curl(page('api', 'web.example'))).stderr).toMatch(/certificate required/);
    expect((await curl(['--tls-max', '1.2', ...page('api', 'web.example')])).stderr).toMatch(/protocol version/);
  });

  test('is told that the port speaks TLS', async () => {
    const { stdout } = await curl(['-w', '%{http_code}', `http://127.0.0.1:${program.ports.web}/`]);
    expect(stdout.toString()).toMatch(/TLS[^]*400$/);
  });

  test('asks an HTTPS proxy for pages in clear text and for tunnels', async () => {
    const proxy = ['--proxy-cacert', ca, '-x', `https://localhost:${program.ports.browsers}`];
    const plain = await curl([...proxy, `${origin.url}/plain`]);
    expect(JSON.parse(plain.stdout.toString())).toMatchObject({ url: '/plain', headers: { via: expect.anything() } });
    const localhost = new URL('../fixtures/tls/localhost.crt', import.meta.url).pathname;
    const tunnel = await curl([...proxy, '--cacert', localhost, `${secure.url}/tunnel`]);
    expect(tunnel.stdout.toString()).toBe('behind TLS: /tunnel');
    const connect = await curl([...proxy, '--proxytunnel', `${origin.url}/within`]);
    expect(JSON.parse(connect.stdout.toString())).toMatchObject({ url: '/within' });
  });
});

test('undici asks an HTTPS proxy, for pages in clear text and by TLS within TLS', async () => {
  const uri = `https://localhost:${program.ports.browsers}`;
  const trusted = { proxyTls: { ca: readFileSync(ca) }, requestTls: { rejectUnauthorized: false } };
  const dispatcher = new ProxyAgent({ uri, ...trusted });
  expect(await (await fetch(`${secure.url}/undici`, { dispatcher })).text()).toBe('behind TLS: /undici');
  expect(await (await fetch(`${origin.url}/undici`, { dispatcher })).json()).toMatchObject({ url: '/undici' });
  await dispatcher.close();
  const clear = new ProxyAgent({ uri, ...trusted, proxyTunnel: false });
  expect(await (await fetch(`${origin.url}/no-tunnel`, { dispatcher: clear })).json()).toMatchObject({
    url: '/no-tunnel',
  });
  await clear.close();
});

test.each(['ws', 'wss'])('a WebSocket (%s) talks within a tunnel within TLS', async (scheme) => {
  const agent = new HttpsProxyAgent(`https://localhost:${program.ports.browsers}`, { ca: readFileSync(ca) });
  const { port } = scheme === 'ws' ? origin : secure;
  const socket = new WebSocket(`${scheme}://127.0.0.1:${port}/`, { agent, rejectUnauthorized: false });
  await once(socket, 'open');
  socket.send('hello');
  const [answer] = (await once(socket, 'message')) as [Buffer];
  expect(answer.toString()).toBe('hello yourself');
  socket.close();
  await once(socket, 'close');
});

/** `openssl s_client`. It does what `steps` say: each waits for a text in the output, then sends one. */
async function openssl(
  argv: readonly string[],
  steps: readonly (readonly [after: RegExp, send: string])[] = [],
): Promise<string> {
  const where = ['-connect', `127.0.0.1:${program.ports.web}`, '-servername', 'web.example', '-CAfile', ca];
  const child = spawn('openssl', ['s_client', ...where, '-verify_return_error', ...argv]);
  child.stdin.on('error', () => undefined); // It has ended on its own.
  let output = '';
  let from = 0;
  const waiting = [...steps];
  const goOn = (): void => {
    const [step] = waiting;
    if (step === undefined) return void child.stdin.end();
    if (!step[0].test(output.slice(from))) return;
    from = output.length;
    waiting.shift();
    child.stdin.write(step[1]);
    if (waiting.length > 0) return;
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      output += bytes.toString('latin1');
      goOn();
    });
  }
  if (steps.length === 0) goOn();
  await once(child, 'close');
  return output;
}

const request = (path: string, ...fields: string[]): string =>
  [`GET ${path} HTTP/1.1`, 'Host: web.example', ...fields, '', ''].join('\r\n');
const lastRequest = (path: string): string => request(path, 'Connection: close');

/** Whether each session was new or resumed. */
const sessions = (output: string): string[] =>
  Array.from(output.matchAll(/^(New|Reused), TLS/gm), ([, how = '']) => how);

describeRequiring({ commands: ['openssl'] }, 'openssl s_client', () => {
  test('cannot renegotiate a session', async () => {
    const output = await openssl(
      ['-tls1_2'],
      [
        [/Verify return code/, request('/before')],
        [/"\/before"/, 'R\n'],
      ],
    );
    expect(output).toMatch(/RENEGOTIATING[^]*no renegotiation/);
  });

  test('resumes sessions of 1.2 by tickets, and makes a new one each time without', async () => {
    expect(sessions(await openssl(['-tls1_2', '-reconnect']))).toEqual(['New', ...Array<string>(5).fill('Reused')]);
    expect(sessions(await openssl(['-tls1_2', '-reconnect', '-no_ticket']))).toEqual(Array<string>(6).fill('New'));
  });

  test('resumes sessions of 1.3, and may send nothing early', async () => {
    const kept = files.file('session.pem');
    const first = await openssl(['-sess_out', kept], [[/Verify return code/, lastRequest('/first')]]);
    expect(sessions(first)).toEqual(['New']);
    expect(first).toMatch(/Max Early Data: 0$/m);
    const second = await openssl(
      ['-sess_in', kept, '-early_data', ca],
      [[/Verify return code/, lastRequest('/second')]],
    );
    expect(sessions(second)).toEqual(['Reused']);
    expect(second).toMatch(/Early data was not sent[^]*"\/second"/);
    expect(await logOf('/second')).toMatchObject({ tls: 'TLSv1.3', resumed: true });
  });

  test('goes on with other keys', async () => {
    const output = await openssl(
      ['-tls1_3'],
      [
        [/Verify return code/, request('/old-keys')],
        [/"\/old-keys"/, 'K\n'],
        [/KEYUPDATE/, lastRequest('/new-keys')],
      ],
    );
    expect(output).toMatch(/KEYUPDATE[^]*HTTP\/1\.1 200 OK[^]*"\/new-keys"/);
  });

  test('is given the certificate with the kind of key that it can verify', async () => {
    const keyOf = async (algorithms: string): Promise<string | undefined> =>
      /Peer signature type: (\S+)/.exec(await openssl(['-sigalgs', algorithms]))?.[1];
    expect(await keyOf('ecdsa_secp256r1_sha256:rsa_pss_rsae_sha256')).toBe('ECDSA');
    expect(await keyOf('rsa_pss_rsae_sha256')).toBe('RSA-PSS');
  });
});

describeRequiring({ commands: ['sslscan'] }, 'sslscan', () => {
  test.each(['web.example', 'rsa.example'])('finds nothing to complain about with %s', async (name) => {
    const where = [`--sni-name=${name}`, `127.0.0.1:${program.ports.web}`];
    const { stdout } = await promisify(execFile)('sslscan', ['--xml=-', '--no-check-certificate', ...where]);
    const found = (pattern: RegExp): string[] => Array.from(stdout.matchAll(pattern), ([, what = '']) => what);
    expect(found(/<protocol type="(\w+" version="[\d.]+)" enabled="1"/g)).toEqual([
      'tls" version="1.2',
      'tls" version="1.3',
    ]);
    expect(stdout).toContain('<renegotiation supported="0"');
    expect(stdout).not.toMatch(/<compression supported="1"|<heartbleed [^>]*vulnerable="1"/);
    const ciphers = found(/<cipher [^>]*cipher="([^"]+)"/g);
    expect(ciphers.length).toBeGreaterThan(6);
    // Each has forward secrecy.
    expect(ciphers.filter((cipher) => !/^(?:TLS_|ECDHE-)/.test(cipher))).toEqual([]);
    expect(found(/<group [^>]*name="([^"]+)"/g)).toContain('x25519');
  });
});

test('a handshake that stalls is ended in time, at each of its places', async () => {
  const hello = await clientHello('web.example');
  const stalled = [0, 3, hello.length - 1, hello.length].map(async (length) => {
    const socket = connectTcp(program.ports.web ?? 0, '127.0.0.1');
    socket.on('error', () => {}).resume();
    socket.write(hello.subarray(0, length));
    await once(socket, 'close');
  });
  await Promise.all(stalled);
});
