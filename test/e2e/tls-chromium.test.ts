import { once } from 'node:events';
import { get } from 'node:https';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { describeRequiring } from '../support/requires.ts';
import { textOf } from './bodies.ts';
import { e2e, type Lab, type LabOrigin, type LabProxy } from './lab.ts';
import { launchChromium } from './launch-chromium.ts';
import { answerWebSockets, CertificateFolder, keyHashOf } from './tls-peers.ts';

const PAGE = '<!doctype html><title>a page</title><link rel="icon" href="data:,">';

/** A web server of a page, that gives back what is posted and answers WebSockets. */
async function site(lab: Lab, kind: 'origin' | 'tlsOrigin' = 'origin'): Promise<LabOrigin> {
  const origin = await lab[kind]((req, res) => {
    res.writeHead(200, { 'content-type': 'text/html' });
    if (req.method === 'POST') req.pipe(res);
    else res.end(PAGE);
  });
  answerWebSockets(lab, origin.server);
  return origin;
}

/** Opens the page, posts to it, and talks through a WebSocket. */
async function use(page: Page, url: string): Promise<readonly unknown[]> {
  await page.goto(url);
  const title = await page.title();
  const length = await page.evaluate(
    `fetch('/', { method: 'POST', body: 'x'.repeat(300_000) }).then((response) => response.text()).then((text) => text.length)`,
  );
  const spoken = await page.evaluate(`new Promise((resolve, reject) => {
    const socket = new WebSocket(location.href.replace('http', 'ws'));
    socket.onopen = () => socket.send('hello');
    socket.onerror = () => reject(new Error('The WebSocket failed.'));
    socket.onmessage = ({ data }) => { socket.onclose = () => resolve(data); socket.close(); };
  })`);
  return [title, length, spoken];
}

const WHOLE = ['a page', 300_000, 'hello yourself'];

interface SecureProxy {
  readonly proxy: LabProxy;
  /** Of clear text and of TLS. The former is also `page.example`. */
  readonly origins: readonly LabOrigin[];
  /** Keys of the proxy and of the second origin. */
  readonly trusted: readonly string[];
  readonly ca: string;
}

/** A forward proxy that is reached by TLS. */
async function secureProxy(lab: Lab): Promise<SecureProxy> {
  const files = await CertificateFolder.make(lab);
  const certificate = await files.issue('proxy', { names: ['localhost'], addresses: ['127.0.0.1'] });
  const [plain, secure] = [await site(lab), await site(lab, 'tlsOrigin')];
  const remote = `127.0.0.1:${plain.port}`;
  const proxy = await lab.inband({
    listeners: [{ bind: '127.0.0.1:0', service: 'browser', tls: { certificates: [certificate] } }],
    services: {
      browser: {
        mode: 'forward',
        http: { connectPorts: 'any' },
        // Whatever the browser tries on its own is refused.
        access: [{ allow: { hosts: ['127.0.0.1', 'page.example'] } }, { deny: { reason: 'Only this machine.' } }],
        routes: [
          { match: { host: 'page.example' }, chainer: { type: 'directed', remote } },
          { chainer: { type: 'inband' } },
        ],
      },
    },
  });
  const localhost = fileURLToPath(new URL('../fixtures/tls/localhost.crt', import.meta.url));
  const trusted = [await keyHashOf(certificate.cert), await keyHashOf(localhost)];
  return { proxy, origins: [plain, secure], trusted, ca: files.authority.cert };
}

describeRequiring({ commands: ['chromium'] }, 'Chromium and TLS', () => {
  e2e(
    'shows a page of a reverse proxy, whose certificate it verifies',
    async (lab) => {
      const files = await CertificateFolder.make(lab);
      const [web, other] = [
        await files.issue('web', { names: ['web.example'] }),
        await files.issue('other', { names: ['other.example'] }),
      ];
      const origin = await site(lab);
      const proxy = await lab.inband({
        listeners: [{ bind: '127.0.0.1:0', service: 'web', tls: { certificates: [web, other] } }],
        services: {
          web: {
            mode: 'reverse',
            routes: [{ chainer: { type: 'directed', remote: `127.0.0.1:${origin.port}` } }],
          },
        },
      });
      const context = await launchChromium(lab, [], ['*.example'], [await keyHashOf(web.cert)]);
      const page = context.pages()[0] ?? (await context.newPage());
      expect(await use(page, `https://web.example:${proxy.port}/`)).toEqual(WHOLE);
      await expect(page.goto(`https://other.example:${proxy.port}/`)).rejects.toThrow('ERR_CERT_AUTHORITY_INVALID');
      await expect(page.goto(`https://third.example:${proxy.port}/`)).rejects.toThrow(
        'ERR_SSL_UNRECOGNIZED_NAME_ALERT',
      );
      const [record] = await proxy.recorded(1);
      const agreed = { version: 'TLSv1.3', serverName: 'web.example', alpn: 'http/1.1' };
      expect(record?.session.tls).toMatchObject(agreed);
    },
    60_000,
  );

  e2e(
    'uses an HTTPS proxy, for pages, for WebSockets, and for TLS within TLS',
    async (lab) => {
      const { proxy, trusted, origins } = await secureProxy(lab);
      const argument = `--proxy-server=https://localhost:${proxy.port}`;
      const context = await launchChromium(lab, [argument, '--proxy-bypass-list=<-loopback>'], [], trusted);
      const page = context.pages()[0] ?? (await context.newPage());
      for (const { url } of origins) expect(await use(page, `${url}/`)).toEqual(WHOLE);
      await context.close();
      await proxy.close({ grace: 0 });
      expect(kindsOf(proxy)).toEqual(new Set(['request TLSv1.3', 'tunnel TLSv1.3']));
    },
    60_000,
  );

  e2e(
    'uses an HTTPS proxy by the PAC file that it gives',
    async (lab) => {
      const { proxy, trusted, ca } = await secureProxy(lab);
      const context = await launchChromium(lab, [`--proxy-pac-url=${await pacOf(proxy, ca)}`], [], trusted);
      const page = context.pages()[0] ?? (await context.newPage());
      expect(await use(page, 'http://page.example/')).toEqual(WHOLE);
      await context.close();
      await proxy.close({ grace: 0 });
      expect(kindsOf(proxy)).toEqual(new Set(['request TLSv1.3', 'tunnel TLSv1.3']));
    },
    60_000,
  );
});

/** Of its sessions, with the version of TLS of their clients. */
function kindsOf({ records }: LabProxy): Set<string> {
  return new Set(records.map(({ kind, session }) => `${kind} ${session.tls?.version}`));
}

/** The PAC file that the proxy gives, in a URL. */
async function pacOf({ port }: LabProxy, ca: string): Promise<string> {
  const asked = get({ host: '127.0.0.1', port, servername: 'localhost', path: '/proxy.pac', ca, agent: false });
  const [response] = (await once(asked, 'response')) as [Parameters<typeof textOf>[0]];
  const text = await textOf(response);
  expect(text).toContain(`HTTPS 127.0.0.1:${port}`);
  return `data:application/x-ns-proxy-autoconfig;base64,${Buffer.from(text).toString('base64')}`;
}
