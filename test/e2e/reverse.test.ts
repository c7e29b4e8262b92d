import { writeFile } from 'node:fs/promises';
import { Agent, get, type IncomingMessage, type RequestOptions } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { describe, expect } from 'vitest';
import { freePort } from '../../packages/core/test-support/free-port.ts';
import { startNginx } from '../support/nginx.ts';
import { describeRequiring } from '../support/requires.ts';
import { textOf } from './bodies.ts';
import { e2e, reverse, type Lab } from './lab.ts';
import { RawClient } from './raw-client.ts';

async function ask(
  options: RequestOptions,
): Promise<{ status: number | undefined; body: string; head: IncomingMessage }> {
  const head = await new Promise<IncomingMessage>((resolve, reject) => {
    const where = options.socketPath === undefined ? { host: '127.0.0.1' } : {};
    get({ agent: false, ...where, ...options }, resolve).on('error', reject);
  });
  return { status: head.statusCode, body: await textOf(head), head };
}

async function temporaryFolder(lab: Lab): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'inband-e2e-'));
  lab.defer(() => rm(folder, { recursive: true }));
  return folder;
}

/** What a server behind the proxy hears of the client. */
const TELL = `location / { default_type text/plain; return 200 "$http_x_forwarded_for|$http_x_forwarded_proto|$http_x_forwarded_host|$http_host|$http_via|$request_uri"; }`;

describeRequiring({ commands: ['nginx'] }, 'a reverse proxy before nginx', () => {
  e2e('tells it who the client is, and lets no client say so itself', async (lab) => {
    const nginx = await startNginx(TELL);
    lab.defer(() => nginx.stop());
    const proxy = await lab.inband(reverse({ type: 'directed', remote: `127.0.0.1:${nginx.port}` }));
    const headers = { host: 'shop.example', 'x-forwarded-for': '10.6.6.6', 'x-forwarded-host': 'evil.example' };
    const { body } = await ask({ port: proxy.port, path: '/a//b/%2e?q=1', headers });
    expect(body).toMatch(
      /^127\.0\.0\.1\|http\|shop\.example\|shop\.example\|1\.1 inband-[a-z]{6}\|\/a\/\/b\/%2e\?q=1$/,
    );
  });

  e2e('serves old clients that name no host', async (lab) => {
    const nginx = await startNginx(TELL);
    lab.defer(() => nginx.stop());
    const proxy = await lab.inband(reverse({ type: 'directed', remote: `127.0.0.1:${nginx.port}` }));
    const client = await RawClient.connect(proxy.port);
    client.sendHead('GET /old HTTP/1.0');
    const answer = await client.toEnd();
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toContain(`\r\n\r\n127.0.0.1|http||127.0.0.1:${proxy.port}|1.0 inband-`);
    client.socket.destroy();
  });

  e2e('reaches it by a socket in the file system, and is reached by one', async (lab) => {
    const nginx = await startNginx(TELL, 'unix');
    lab.defer(() => nginx.stop());
    const socketPath = join(await temporaryFolder(lab), 'inband.sock');
    const config = reverse({ type: 'directed', remote: `unix:${nginx.path}` });
    await lab.inband({ ...config, listeners: [{ bind: `unix:${socketPath}`, service: 'web' }] });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => ask({ socketPath, path: '/', headers: { host: 'shop.example' } })),
    );
    for (const { body } of answers)
      expect(body).toMatch(/^unknown\|http\|shop\.example\|shop\.example\|1\.1 inband-[a-z]{6}\|\/$/);
  });

  e2e('serves its files, and keeps the connections to it', async (lab) => {
    const nginx = await startNginx('location /connections { return 200 $connection; }');
    lab.defer(() => nginx.stop());
    await writeFile(join(nginx.root, 'page.html'), '<p>hello</p>');
    const proxy = await lab.inband(reverse({ type: 'directed', remote: `127.0.0.1:${nginx.port}` }));
    const page = await ask({ port: proxy.port, path: '/page.html' });
    expect(page).toMatchObject({ status: 200, body: '<p>hello</p>' });
    expect(page.head.headers['content-type']).toBe('text/html');
    expect((await ask({ port: proxy.port, path: '/nothing' })).status).toBe(404);
    const connections = new Set<string>();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    lab.defer(() => agent.destroy());
    for (let count = 0; count < 50; count += 1) {
      connections.add((await ask({ port: proxy.port, path: '/connections', agent })).body);
    }
    expect(connections.size).toBe(1);
    // Other clients use what has been quiet for a moment.
    const used = new Set<string>();
    await expect
      .poll(async () => {
        const { body } = await ask({ port: proxy.port, path: '/connections' });
        const isKnown = used.has(body);
        used.add(body);
        return isKnown;
      })
      .toBe(true);
  });
});

describe('a pool', () => {
  e2e('with a dead server costs nobody a request', async (lab) => {
    const alive = await Promise.all(['one', 'two'].map((name) => lab.origin((_req, res) => void res.end(name))));
    const dead = await freePort();
    const hosts = [`127.0.0.1:${dead}`, ...alive.map(({ port }) => `127.0.0.1:${port}`)];
    const proxy = await lab.inband({ ...reverse({ type: 'failover', hosts }), serverPool: { maxIdle: 0 } });
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask({ port: proxy.port, path: '/' })));
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    for (let count = 0; count < 100; count += 1) answers.push(await ask({ port: proxy.port, path: '/' }));
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    expect(new Set(answers.map(({ body }) => body))).toEqual(new Set(['one', 'two']));
    // Once it is known to be dead, nobody waits for it any more.
    const records = await proxy.recorded(200);
    expect(records.slice(100).every(({ session }) => session.attempts?.length === 1)).toBe(true);
  });

  e2e('goes on when a server dies while it is used', async (lab) => {
    const first = createServer((socket) => {
      socket.on('error', () => {}).once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst'));
    });
    await new Promise<void>((resolve) => first.listen(0, '127.0.0.1', resolve));
    const port = (first.address() as { port: number }).port;
    const second = await lab.origin((_req, res) => void res.end('second'));
    const hosts = [`127.0.0.1:${port}`, `127.0.0.1:${second.port}`];
    const proxy = await lab.inband(reverse({ type: 'failover', hosts, policy: 'sticky' }));
    expect((await ask({ port: proxy.port, path: '/' })).body).toBe('first');
    await new Promise((resolve) => first.close(resolve));
    for (let count = 0; count < 5; count += 1) {
      expect(await ask({ port: proxy.port, path: '/' })).toMatchObject({ status: 200, body: 'second' });
    }
  });

  e2e('that is dead altogether is a 502 without a word about its servers', async (lab) => {
    const hosts = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    const proxy = await lab.inband(reverse({ type: 'failover', hosts }));
    const { status, body } = await ask({ port: proxy.port, path: '/' });
    expect(status).toBe(502);
    expect(JSON.parse(body)).toMatchObject({ error: 'connection_refused', fault: 'server' });
    for (const host of hosts) expect(body).not.toContain(host);
    expect((await proxy.recorded(1))[0]?.session.attempts).toHaveLength(2);
  });
});

describe('a socket in the file system', () => {
  e2e('is gone when the proxy is', async (lab) => {
    const folder = await temporaryFolder(lab);
    const origin = await lab.origin((_req, res) => void res.end('ok'));
    const socketPath = join(folder, 'inband.sock');
    const config = reverse({ type: 'directed', remote: `127.0.0.1:${origin.port}` });
    // Twice: nothing of the first is in the way of the second.
    for (let count = 0; count < 2; count += 1) {
      const proxy = await lab.inband({ ...config, listeners: [{ bind: `unix:${socketPath}`, service: 'web' }] });
      expect((await ask({ socketPath, path: '/' })).body).toBe('ok');
      await proxy.close();
    }
  });
});
