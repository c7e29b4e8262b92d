import type { ConfigInput } from 'inband';
import { expect } from 'vitest';
import { describeRequiring } from '../support/requires.ts';
import { launchChromium } from './launch-chromium.ts';
import { e2e, type LabOrigin, type LabProxy } from './lab.ts';

/** Whatever a client asks for comes from `origin`, and no name is looked up. */
function browsers(origin: LabOrigin, pacDirect: string[] | undefined): ConfigInput {
  return {
    listeners: [{ bind: '127.0.0.1:0', service: 'browsers' }],
    services: {
      browsers: {
        mode: 'forward',
        ...(pacDirect && { http: { pacDirect } }),
        routes: [{ chainer: { type: 'directed', remote: `127.0.0.1:${origin.port}` } }],
      },
    },
  };
}

/** Hosts of Chromium's maker: it asks for updates there on its own, by a tunnel and then without one, and gets to `origin`. */
const OF_ITS_MAKER = /^([\w-]+\.)*(google|googleapis|gstatic)\.com(:\d+)?$/;

/** What was asked for but tunnels, and what Chromium asks of its maker. */
function urlsOf({ records }: LabProxy): (string | undefined)[] {
  const urls = records.filter(({ session }) => session.method !== 'CONNECT').map(({ url }) => url);
  return urls.filter((url) => !OF_ITS_MAKER.test(URL.parse(url ?? '')?.host ?? ''));
}

describeRequiring({ commands: ['chromium'] }, 'Chromium', () => {
  e2e(
    'sets itself up by the file of the proxy, and goes directly where the list says so',
    async (lab) => {
      const asked: string[] = [];
      const origin = await lab.origin((req, res) => {
        const { host = '' } = req.headers;
        if (!OF_ITS_MAKER.test(host)) asked.push(host);
        res.setHeader('content-type', 'text/html');
        res.end('<!doctype html><link rel="icon" href="data:,">ok');
      });
      const proxy = await lab.inband(browsers(origin, ['direct.test', '*.near.test']));
      const context = await launchChromium(lab, [`--proxy-pac-url=${proxy.url}/proxy.pac`], ['*.test']);
      const page = context.pages()[0] ?? (await context.newPage());
      const { port } = origin;
      const direct = [`direct.test:${port}`, `a.near.test:${port}`, `127.0.0.1:${port}`, `localhost:${port}`];
      const proxied = ['shop.test', 'near.test', 'xdirect.test', '[2001:db8::1]'];
      for (const host of [...direct, ...proxied]) expect((await page.goto(`http://${host}/`))?.status()).toBe(200);
      expect(asked).toEqual([...direct, ...proxied]);
      await context.close();
      await proxy.close({ grace: 0 });
      const urls = urlsOf(proxy);
      expect(urls).toContain('/proxy.pac');
      expect(urls.filter((url) => url !== '/proxy.pac')).toEqual(proxied.map((host) => `http://${host}/`));
    },
    60_000,
  );

  e2e(
    'shows the page of the proxy, which tells whether it comes through the proxy, and asks for nothing else',
    async (lab) => {
      const origin = await lab.origin((_req, res) => res.end());
      const proxy = await lab.inband(browsers(origin, undefined));
      const context = await launchChromium(lab, [`--proxy-pac-url=${proxy.url}/proxy.pac`]);
      const page = context.pages()[0] ?? (await context.newPage());
      const complaints: string[] = [];
      page.on('console', (message) => complaints.push(message.text()));
      await page.setViewportSize({ width: 400, height: 800 });
      await page.goto(`${proxy.url}/`);
      expect(await page.textContent('h1')).toBe('It runs');
      expect(await page.textContent('body')).toContain('This browser asked the proxy directly.');
      expect(await page.textContent('body')).toContain(`http.proxy ${proxy.url}`);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(400);
      expect(await page.evaluate('getComputedStyle(document.body).maxWidth')).toBe('640px');
      await page.click('a');
      await page.waitForURL('http://inband.invalid/');
      expect(await page.textContent('body')).toContain('This browser comes through the proxy.');
      expect(complaints).toEqual([]);
      await context.close();
      await proxy.close({ grace: 0 });
      const urls = urlsOf(proxy).filter((url) => url !== '/proxy.pac');
      expect(urls).toEqual(['/', 'http://inband.invalid/']);
    },
    60_000,
  );
});
