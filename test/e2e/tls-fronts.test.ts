import { spawn } from 'node:child_process';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'vitest';
import { freePort } from '../../packages/core/test-support/free-port.ts';
import { startNginx } from '../support/nginx.ts';
import { describeRequiring } from '../support/requires.ts';
import { hashOf } from './bodies.ts';
import { e2e, type Lab, type LabProxy } from './lab.ts';
import { CertificateFolder } from './tls-peers.ts';

// nginx and HAProxy as the clients of a listener, as they are in front of it.

interface Behind {
  readonly proxy: LabProxy;
  readonly files: CertificateFolder;
}

/** A reverse proxy that only clients with a certificate reach, by TLS. Its server says what it gets. */
async function behind(lab: Lab): Promise<Behind> {
  const files = await CertificateFolder.make(lab);
  const web = await files.issue('web', { names: ['web.example'] });
  await files.issue('front', { names: ['front.example'], usage: 'client' });
  const origin = await lab.origin(async (req, res) => void res.end(`${req.url} ${await hashOf(req)}`));
  const chainer = { type: 'directed', remote: `127.0.0.1:${origin.port}` } as const;
  const tls = { certificates: [web], clientAuth: 'require' as const, ca: files.file('ca.pem') };
  const proxy = await lab.inband({
    listeners: [{ bind: '127.0.0.1:0', service: 'web', tls }],
    services: { web: { mode: 'reverse', routes: [{ chainer }] } },
  });
  return { proxy, files };
}

/** Asks the front for pages, and sends it a body. */
async function use(port: number, folder = ''): Promise<void> {
  const url = `http://127.0.0.1:${port}${folder}`;
  for (const page of ['/a', '/b', '/c']) {
    const response = await fetch(`${url}${page}`, { headers: { connection: 'close' } });
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining(`${page} `)]);
  }
  const body = Buffer.alloc(3_000_000, 'inband');
  const sent = await fetch(`${url}/sent`, { method: 'POST', body, headers: { connection: 'close' } });
  expect(await sent.text()).toContain(hash('sha256', body));
}

describeRequiring({ commands: ['nginx'] }, 'nginx in front', () => {
  e2e('verifies the proxy, shows its certificate, and resumes its sessions, by TLS 1.2 and 1.3', async (lab) => {
    const { proxy, files } = await behind(lab);
    const file = (name: string): string => files.file(name);
    const nginx = await startNginx(`
      proxy_ssl_verify on;
      proxy_ssl_trusted_certificate ${file('ca.pem')};
      proxy_ssl_certificate ${file('front.pem')};
      proxy_ssl_certificate_key ${file('front.key')};
      proxy_ssl_server_name on;
      proxy_ssl_name web.example;
      proxy_set_header Host web.example;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      location /new { proxy_pass https://127.0.0.1:${proxy.port}; proxy_ssl_protocols TLSv1.3; }
      location /old { proxy_pass https://127.0.0.1:${proxy.port}; proxy_ssl_protocols TLSv1.2; }`);
    lab.defer(() => nginx.stop());
    for (const folder of ['/new', '/old']) await use(nginx.port, folder);
    const records = await proxy.recorded(8);
    const shown = records.map(({ session: { tls, user } }) => [tls?.version, tls?.serverName, user].join(' '));
    const [of13, of12] = ['TLSv1.3 web.example front.example', 'TLSv1.2 web.example front.example'];
    expect(shown).toEqual([...Array<string>(4).fill(of13), ...Array<string>(4).fill(of12)]);
    const isResumed = records.map(({ session }) => session.tls?.resumed);
    expect(isResumed).toEqual([false, true, true, true, false, true, true, true]);
    expect(nginx.stderr()).toBe('');
  });
});

describeRequiring({ commands: ['haproxy'] }, 'HAProxy in front', () => {
  e2e('verifies the proxy, also by its checks, shows its certificate, and reuses its connection', async (lab) => {
    const { proxy, files } = await behind(lab);
    const port = await startHaproxy(lab, proxy, files);
    await use(port);
    const records = await proxy.recorded(4);
    expect(records.map(({ session }) => session.user)).toEqual(Array<string>(4).fill('front.example'));
    expect(records.map(({ session }) => session.tls?.serverName)).toEqual(Array<string>(4).fill('web.example'));
    expect(new Set(records.map(({ session }) => session.client.id)).size).toBe(1);
  });
});

/** Resolves with its port as soon as its check has made a handshake with the proxy. On a busy machine a check may take longer than it waits. */
async function startHaproxy(lab: Lab, proxy: LabProxy, files: CertificateFolder): Promise<number> {
  const port = await freePort();
  const pem = files.file('front.pem');
  await appendFile(pem, await readFile(files.file('front.key')));
  const verified = `ssl verify required ca-file ${files.file('ca.pem')} verifyhost web.example sni str(web.example)`;
  await writeFile(
    files.file('haproxy.cfg'),
    `defaults
  mode http
  timeout client 30s
  timeout server 30s
  timeout connect 30s
frontend web
  bind 127.0.0.1:${port}
  stats enable
  stats uri /stats
  default_backend proxy
backend proxy
  http-reuse always
  http-request set-header Host web.example
  server proxy 127.0.0.1:${proxy.port} ${verified} check-sni web.example crt ${pem} check inter 50ms fall 1000
`,
  );
  const child = spawn('haproxy', ['-db', '-f', files.file('haproxy.cfg')], { stdio: 'ignore' });
  const ended = once(child, 'close');
  lab.defer(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  for (;;) {
    const stats = await fetch(`http://127.0.0.1:${port}/stats;csv`).then((response) => response.text(), String);
    if (stats.includes(',L6OK,')) return port;
    if (child.exitCode !== null) throw new Error('HAProxy has ended.');
    await wait(50);
  }
}
