import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BrowserContext } from 'playwright-core';
import { expect } from 'vitest';
import { WebSocketServer } from 'ws';
import { freePort } from '../../packages/core/test-support/free-port.ts';
import { describeRequiring } from '../support/requires.ts';
import { bodyStream, MiB } from './bodies.ts';
import { usualConfiguration } from './default-configuration.ts';
import { e2e, forward, type Lab, type LabProxy } from './lab.ts';
import { launchChromium } from './launch-chromium.ts';
import type { ConfigInput } from 'inband';

/** Only what is on this machine, whatever the browser tries on its own: nothing else is even looked up. */
function loopbackOnly(): ConfigInput {
  const config = forward();
  const browser = config.services.browser!;
  const access = [{ allow: { hosts: ['127.0.0.1', 'localhost'] } }, { deny: { reason: 'Only this machine.' } }];
  return { ...config, services: { browser: { ...browser, access } } };
}

/** A browser all of whose requests go through the proxy. */
function launch(lab: Lab, proxy: Pick<LabProxy, 'url'>): Promise<BrowserContext> {
  // Chromium would go to this machine itself without asking a proxy.
  return launchChromium(lab, [`--proxy-server=${proxy.url}`, '--proxy-bypass-list=<-loopback>']);
}

const PAGE = `<!doctype html><title>a page</title><link rel="stylesheet" href="/style.css"><link rel="icon" href="data:,">
<img src="/image.svg"><script src="/script.js"></script>`;
const FILES: Record<string, readonly [type: string, content: string]> = {
  '/': ['text/html', PAGE],
  '/style.css': ['text/css', 'body { color: rgb(1, 2, 3) }'],
  '/image.svg': ['image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg" width="12" height="34"/>'],
  '/script.js': ['text/javascript', 'globalThis.ran = true'],
};

function site(req: IncomingMessage, res: ServerResponse): void {
  const [type, content] = FILES[req.url ?? ''] ?? ['text/plain', `${req.method} ${req.url}`];
  res.writeHead(200, { 'content-type': type });
  if (req.method === 'POST') req.pipe(res);
  else res.end(content);
}

/** The limits of the example in docs/limits.md. */
const LIMITS = { requests: '100/s', newConnections: '20/s', connections: 256, tunnels: 64 } as const;

/** Asks for a thousand parts of a page at once, and counts the answers. */
const MANY = `Promise.all(Array.from({ length: 1000 }, (_, index) => fetch('/part/' + index).then(({ ok }) => ok)))
  .then((answers) => answers.filter((ok) => ok).length)`;

/** What the page shows of its parts: style sheet, image, script. */
const PARTS = `({
  color: getComputedStyle(document.body).color,
  image: document.images[0].naturalWidth,
  ran: globalThis.ran,
})`;

/** Sends a text through a WebSocket and gives what comes back. */
const CONVERSE = `(url) => new Promise((resolve, reject) => {
  const socket = new WebSocket(url);
  socket.onopen = () => socket.send('hello');
  socket.onerror = () => reject(new Error('The WebSocket failed.'));
  socket.onmessage = ({ data }) => { socket.onclose = () => resolve(data); socket.close(); };
})`;

/** More than the browser, the proxy and the kernel hold on the way, with much to spare. */
const DOWNLOAD = 256 * MiB;

/** Reads one piece of the download and no more; `goOn` reads the rest and gives the length of all. */
const PAUSE = `fetch('/download').then(async (response) => {
  const reader = response.body.getReader();
  let length = (await reader.read()).value.length;
  globalThis.goOn = async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return length;
      length += value.length;
    }
  };
})`;

describeRequiring({ commands: ['chromium'] }, 'Chromium', () => {
  e2e(
    'shows pages over http and https, posts, and talks through WebSockets, with limits that one of a thousand parts does not meet',
    async (lab) => {
      const { services, ...config } = loopbackOnly();
      const limits = { perClient: LIMITS };
      const proxy = await lab.inband({ ...config, services: { browser: { ...services.browser!, limits } } });
      const plain = await lab.origin(site);
      const secure = await lab.tlsOrigin(site);
      const context = await launch(lab, proxy);
      const page = context.pages()[0] ?? (await context.newPage());
      for (const origin of [plain, secure]) {
        const sockets = new WebSocketServer({ server: origin.server });
        sockets.on('connection', (socket) =>
          socket.on('message', (data: Buffer) => socket.send(`${data.toString()} yourself`)),
        );
        lab.defer(() => sockets.close());
        await page.goto(`${origin.url}/`);
        expect(await page.title()).toBe('a page');
        expect(await page.evaluate(PARTS)).toEqual({ color: 'rgb(1, 2, 3)', image: 12, ran: true });
        const body = 'x'.repeat(300_000);
        const posted = `fetch('/echo', { method: 'POST', body: ${JSON.stringify(body)} }).then((response) => response.text())`;
        expect(await page.evaluate(posted)).toBe(body);
        const spoken = await page.evaluate(`(${CONVERSE})(${JSON.stringify(origin.url.replace('http', 'ws'))})`);
        expect(spoken).toBe('hello yourself');
        // In the tunnel the proxy would see one request.
        if (origin === plain) expect(await page.evaluate(MANY)).toBe(1_000);
      }
      await context.close();
      await proxy.close({ grace: 0 });
      const requests = proxy.records.filter(({ url, kind }) => kind === 'request' && url?.startsWith(plain.url));
      expect(new Set(requests.map(({ url }) => url?.slice(plain.url.length).replace(/\d+$/, '…')))).toEqual(
        new Set(['/', '/echo', '/image.svg', '/part/…', '/script.js', '/style.css']),
      );
      const tunnels = proxy.records.filter(
        ({ kind, session }) => kind === 'tunnel' && session.target?.port === secure.port,
      );
      expect(tunnels.length).toBeGreaterThan(0);
    },
    60_000,
  );

  e2e(
    'gets pages by SOCKS, over http and https',
    async (lab) => {
      const config = loopbackOnly();
      const [listener] = config.listeners;
      const proxy = await lab.inband({ ...config, listeners: [{ ...listener!, accept: ['http', 'socks5'] }] });
      const context = await launch(lab, { url: `socks5://127.0.0.1:${proxy.port}` });
      const page = context.pages()[0] ?? (await context.newPage());
      for (const origin of [await lab.origin(site), await lab.tlsOrigin(site)]) {
        await page.goto(`${origin.url.replace('127.0.0.1', 'localhost')}/`);
        expect(await page.evaluate(PARTS)).toEqual({ color: 'rgb(1, 2, 3)', image: 12, ran: true });
      }
      await context.close();
      await proxy.close({ grace: 0 });
      const byName = proxy.records.filter(({ session }) => session.target?.host === 'localhost');
      expect(new Set(byName.map(({ session }) => session.client.protocol))).toEqual(new Set(['socks5']));
    },
    60_000,
  );

  e2e(
    'shows pages by way of a pool, one of whose servers is dead, and of a parent, over http and https',
    async (lab) => {
      const [plain, secure] = [await lab.origin(site), await lab.tlsOrigin(site)];
      const { services, ...config } = loopbackOnly();
      const http = { via: 'parent' };
      const parent = await lab.inband({ ...config, services: { browser: { ...services.browser!, http } } });
      const atParent = { type: 'parent' as const, protocol: 'http' as const, servers: [`127.0.0.1:${parent.port}`] };
      const servers = [await freePort(), plain.port].map((port) => `127.0.0.1:${port}`);
      const inPool = { match: { host: 'localhost' }, chainer: { type: 'pool' as const, servers } };
      const routes = [inPool, { chainer: atParent }];
      const proxy = await lab.inband({ ...config, services: { browser: { ...services.browser!, routes } } });
      const context = await launch(lab, proxy);
      const page = context.pages()[0] ?? (await context.newPage());
      for (const url of [plain.url, secure.url, 'http://localhost']) {
        await page.goto(`${url}/`);
        expect(await page.evaluate(PARTS)).toEqual({ color: 'rgb(1, 2, 3)', image: 12, ran: true });
      }
      await context.close();
      await Promise.all([proxy, parent].map((each) => each.close({ grace: 0 })));
      const own = proxy.records.filter(({ session }) => /^(127\.0\.0\.1|localhost)$/.test(session.target?.host ?? ''));
      expect(new Set(own.map(({ session }) => session.route?.chainer.kind))).toEqual(new Set(['parent', 'pool']));
      expect(own.filter(({ status }) => status !== 200)).toEqual([]);
    },
    60_000,
  );

  e2e(
    'gets what it asks for by paths and queries that no grammar of URIs allows',
    async (lab) => {
      const proxy = await lab.inband(loopbackOnly());
      const plain = await lab.origin(site);
      const context = await launch(lab, proxy);
      const page = context.pages()[0] ?? (await context.newPage());
      for (const target of ['/a[1]', '/100%', '/image[1].jpg?f[]=1&q=100%', '/[a]?x={a|b}^`\\', '/%zz']) {
        const response = await page.goto(`${plain.url}${target}`);
        expect([response?.status(), await response?.text()]).toEqual([200, `GET ${target}`]);
        const fetched = `fetch(${JSON.stringify(target)}).then((answer) => answer.text())`;
        expect(await page.evaluate(fetched)).toBe(`GET ${target}`);
      }
    },
    60_000,
  );

  e2e(
    'talks through a WebSocket to a high port with the configuration that npm start uses',
    async (lab) => {
      const proxy = await lab.inband(usualConfiguration());
      const origin = await lab.origin(site);
      expect([80, 443, 8080, 8443]).not.toContain(origin.port);
      const sockets = new WebSocketServer({ server: origin.server });
      sockets.on('connection', (socket) => socket.on('message', (data: Buffer) => socket.send(data.toString())));
      lab.defer(() => sockets.close());
      const context = await launch(lab, proxy);
      const page = context.pages()[0] ?? (await context.newPage());
      await page.goto(`${origin.url}/`);
      expect(await page.evaluate(`(${CONVERSE})(${JSON.stringify(origin.url.replace('http', 'ws'))})`)).toBe('hello');
      await context.close();
      await proxy.close({ grace: 0 });
      const tunnel = proxy.records.find(
        ({ kind, session }) => kind === 'tunnel' && session.target?.port === origin.port,
      );
      expect(tunnel).toMatchObject({ status: 200 });
    },
    60_000,
  );

  e2e(
    'pauses a download and goes on with it, and nothing more is read from the server meanwhile',
    async (lab) => {
      const proxy = await lab.inband(loopbackOnly());
      const origin = await lab.origin((req, res) => {
        if (req.url !== '/download') return site(req, res);
        res.writeHead(200, { 'content-length': DOWNLOAD });
        bodyStream(DOWNLOAD).pipe(res);
      });
      const context = await launch(lab, proxy);
      const page = context.pages()[0] ?? (await context.newPage());
      await page.goto(`${origin.url}/`);
      await page.evaluate(PAUSE);
      // Whatever is on the way has arrived when nothing more comes for a while.
      const written = (): number => origin.connections.reduce((sum, { bytesWritten }) => sum + bytesWritten, 0);
      let before: number;
      do {
        before = written();
        await new Promise((resolve) => setTimeout(resolve, 500));
      } while (written() > before);
      expect(before).toBeLessThan(DOWNLOAD / 2);
      expect(await page.evaluate('globalThis.goOn()')).toBe(DOWNLOAD);
    },
    60_000,
  );

  e2e(
    'shows the page of the proxy when there is no server',
    async (lab) => {
      const proxy = await lab.inband(loopbackOnly());
      const context = await launch(lab, proxy);
      const page = context.pages()[0] ?? (await context.newPage());
      const response = await page.goto(`http://127.0.0.1:${await freePort()}/`);
      expect(response?.status()).toBe(502);
      expect(await page.textContent('h1')).toBe('502 Bad Gateway');
      const denied = await page.goto('http://elsewhere.example/');
      expect(denied?.status()).toBe(403);
      expect(await page.textContent('p')).toContain('Only this machine.');
    },
    60_000,
  );
});
