import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { ConfigInput, SessionRecord } from 'inband';
import { expect } from 'vitest';
import { freePorts } from '../../packages/core/test-support/free-port.ts';
import { curl } from '../support/curl.ts';
import { startNginx } from '../support/nginx.ts';
import { describeRequiring } from '../support/requires.ts';
import { e2e, type Lab, type LabProxy } from './lab.ts';
import { CertificateFolder } from './tls-peers.ts';

// HAProxy and curl in front, nginx behind: who the client is, by the PROXY protocol and by fields. Proxies are 127.0.0.1, clients are others.

const PROXY = '127.0.0.1';
const CLIENT = '127.0.0.5';

type ServiceInput = ConfigInput['services'][string];

const trusting = (routes: ServiceInput['routes'], more: Partial<ServiceInput> = {}): ServiceInput => ({
  mode: 'reverse',
  trustedProxies: [PROXY],
  ...(routes && { routes }),
  ...more,
});

/** Who the client of each session was, and who connected. */
async function clientsOf(proxy: LabProxy, count: number): Promise<string[]> {
  const records = await proxy.recorded(count);
  const shown = (address: SessionRecord['session']['client']['address'] | undefined): string =>
    address === undefined ? '' : address.family === 'unix' ? 'unix' : address.address;
  return records.map(({ session: { client } }) => `${shown(client.address)} by ${shown(client.peer)}`);
}

/** A listener for plain HTTP, one for TLS, and one for SOCKS, that all want a header; and one that wants fields. */
async function listeners(lab: Lab): Promise<LabProxy & { readonly files: CertificateFolder; readonly origin: number }> {
  const files = await CertificateFolder.make(lab);
  const web = await files.issue('web', { names: ['web.example'] });
  const origin = await lab.origin(
    (req, res) => void res.end(`for ${String(req.headers['x-forwarded-for'] ?? 'nobody')}`),
  );
  const chainer = { type: 'directed', remote: `${PROXY}:${origin.port}` } as const;
  const header = { bind: `${PROXY}:0`, proxyProtocol: 'required' } as const;
  const proxy = await lab.inband({
    listeners: [
      { ...header, service: 'web' },
      { ...header, service: 'web', tls: { certificates: [web] } },
      { ...header, service: 'out', accept: ['socks5'] },
      { bind: `${PROXY}:0`, service: 'web' },
    ],
    services: {
      web: trusting([{ chainer }]),
      out: trusting([{ chainer: { type: 'inband' } }], { mode: 'forward', http: { connectPorts: 'any' } }),
    },
  });
  return { ...proxy, files, origin: origin.port };
}

describeRequiring({ commands: ['curl'] }, 'curl --haproxy-protocol', () => {
  e2e('is read before HTTP and before TLS; without it, and from others, nothing is served', async (lab) => {
    const { ports, files, ...proxy } = await listeners(lab);
    const [plain, secure] = ports;
    const ca = ['--cacert', files.file('ca.pem'), '--resolve', `web.example:${secure}:${PROXY}`];
    const asked = async (argv: string[]): Promise<string> => (await curl(argv)).stdout.toString();
    expect(await asked(['--haproxy-protocol', `http://${PROXY}:${plain}/`])).toBe(`for ${PROXY}`);
    expect(await asked(['--haproxy-protocol', ...ca, `https://web.example:${secure}/`])).toBe(`for ${PROXY}`);
    expect((await curl([`http://${PROXY}:${plain}/`])).status).not.toBe(0);
    expect((await curl(['--interface', CLIENT, '--haproxy-protocol', `http://${PROXY}:${plain}/`])).status).not.toBe(0);
    expect(await clientsOf({ ...proxy, ports }, 2)).toEqual([`${PROXY} by ${PROXY}`, `${PROXY} by ${PROXY}`]);
  });
});

describeRequiring({ commands: ['haproxy', 'curl'] }, 'HAProxy in front', () => {
  e2e('names its clients by both versions, with fields and checks, and by X-Forwarded-For', async (lab) => {
    const { ports, files, origin, ...proxy } = await listeners(lab);
    const [plain, secure, socks, fields] = ports;
    const fronts = await freePorts(4);
    const more = 'proxy-v2-options crc32c,authority,ssl,unique-id';
    await startHaproxy(lab, files, [
      ['tcp', fronts[0], `${PROXY}:${plain} send-proxy check check-send-proxy inter 100ms`],
      ['tcp', fronts[1], `${PROXY}:${secure} send-proxy-v2 ${more} check check-send-proxy inter 100ms`],
      ['tcp', fronts[2], `${PROXY}:${socks} send-proxy-v2`],
      ['http', fronts[3], `${PROXY}:${fields}`],
    ]);
    const from = ['--interface', CLIENT];
    const resolved = ['--cacert', files.file('ca.pem'), '--resolve', `web.example:${fronts[1]}:${PROXY}`];
    const asked = [
      [`http://${PROXY}:${fronts[0]}/`],
      [...resolved, `https://web.example:${fronts[1]}/`],
      ['--proxy', `socks5://${PROXY}:${fronts[2]}`, `http://${PROXY}:${origin}/`],
      [`http://${PROXY}:${fronts[3]}/`, '-H', 'X-Forwarded-For: 192.0.2.66'],
    ];
    const answers: string[] = [];
    for (const argv of asked) answers.push((await curl([...from, ...argv])).stdout.toString());
    expect(answers).toEqual([`for ${CLIENT}`, `for ${CLIENT}`, 'for nobody', `for ${CLIENT}`]);
    expect(await clientsOf({ ...proxy, ports }, 4)).toEqual(Array<string>(4).fill(`${CLIENT} by ${PROXY}`));
  });
});

type Front = readonly [mode: 'tcp' | 'http', port: number | undefined, server: string];

async function startHaproxy(lab: Lab, files: CertificateFolder, fronts: readonly Front[]): Promise<void> {
  const sections = fronts.map(
    ([mode, port, server], index) => `listen l${index}
  mode ${mode}
  bind ${PROXY}:${port}
  unique-id-format %[uuid]
  ${mode === 'http' ? 'option forwardfor' : ''}
  source ${PROXY}
  server s ${server}
`,
  );
  const times = ['client', 'server', 'connect'].map((what) => `  timeout ${what} 30s\n`);
  await writeFile(files.file('haproxy.cfg'), `defaults\n${times.join('')}${sections.join('')}`);
  const child = spawn('haproxy', ['-db', '-f', files.file('haproxy.cfg')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const ended = once(child, 'close');
  lab.defer(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  for (const [, port = 0] of fronts) {
    while (!(await accepts(port))) {
      if (child.exitCode !== null) throw new Error(`HAProxy has ended: ${stderr}`);
      await wait(20);
    }
  }
}

/** It closes the connection, so that HAProxy has nothing to connect to Inband for. */
function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, PROXY);
    socket.once('connect', () => {
      socket.resetAndDestroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Asks as the proxy, for a client. */
function askFor(port: number, client: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'x-forwarded-for': client };
    const asking = request({ port, host: PROXY, headers, agent: false }, async (response) => {
      let text = '';
      for await (const bytes of response) text += String(bytes);
      resolve(text);
    });
    asking.on('error', reject).end();
  });
}

describeRequiring({ commands: ['nginx'] }, 'nginx behind', () => {
  for (const version of ['v1', 'v2'] as const) {
    e2e(`learns the client by ${version}, plain and before TLS, on a connection for that client alone`, async (lab) => {
      const files = await CertificateFolder.make(lab);
      const { cert, key } = await files.issue('web', { names: ['web.example'] });
      const [plain = 0, secure = 0] = await freePorts(2);
      const nginx = await startNginx(`
        listen ${PROXY}:${plain} proxy_protocol;
        listen ${PROXY}:${secure} ssl proxy_protocol;
        ssl_certificate ${cert};
        ssl_certificate_key ${key};
        location / { return 200 "$proxy_protocol_addr $connection"; }`);
      lab.defer(() => nginx.stop());
      const common = { proxyProtocol: version } as const;
      const tls = { ca: files.file('ca.pem'), servername: 'web.example' };
      const proxy = await lab.inband({
        listeners: [
          { bind: `${PROXY}:0`, service: 'plain' },
          { bind: `${PROXY}:0`, service: 'secure' },
        ],
        services: {
          plain: trusting([{ chainer: { type: 'directed', remote: `${PROXY}:${plain}`, ...common } }]),
          secure: trusting([{ chainer: { type: 'pool', servers: [`${PROXY}:${secure}`], tls, ...common } }]),
        },
      });
      for (const port of proxy.ports) {
        const told: string[] = [];
        const connections: string[] = [];
        for (const client of ['192.0.2.7', '2001:db8::8', '192.0.2.7', '192.0.2.9', '2001:db8::8']) {
          const [address = '', connection = ''] = (await askFor(port, client)).split(' ');
          told.push(address);
          connections.push(connection);
        }
        expect(told.map((one) => one.replace(/^::ffff:/, ''))).toEqual([
          '192.0.2.7',
          '2001:db8::8',
          '192.0.2.7',
          '192.0.2.9',
          '2001:db8::8',
        ]);
        // Whether one is used again depends on how long it was quiet; whose it is does not.
        const clients = Map.groupBy(told, (_client, index) => connections[index]);
        expect([...clients.values()].filter((all) => new Set(all).size > 1)).toEqual([]);
      }
      expect(nginx.stderr()).toBe('');
    });
  }
});

e2e('checks of a pool are LOCAL, and sessions are not', async (lab) => {
  const headers = new Set<string>();
  const { port } = await lab.tcpOrigin((socket) => {
    socket.once('data', (bytes) => {
      headers.add(bytes.toString('hex', 0, 14));
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
    });
  });
  lab.hasOwnSessions = true;
  const check = { type: 'http', interval: '50ms' } as const;
  const servers = [`${PROXY}:${port}`];
  const chainer = { type: 'pool', servers, check, proxyProtocol: 'v2' } as const;
  const proxy = await lab.inband({
    listeners: [{ bind: `${PROXY}:0`, service: 'web' }],
    services: { web: trusting([{ chainer }]) },
  });
  const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n').toString('hex');
  while (!headers.has(`${signature}2000`)) await wait(10);
  expect(await askFor(proxy.port, '192.0.2.7')).toBe('ok');
  expect(headers).toEqual(new Set([`${signature}2000`, `${signature}2111`]));
});
