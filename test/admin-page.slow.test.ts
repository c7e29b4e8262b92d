import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import type { BrowserContext, Page } from 'playwright-core';
import { expect } from 'vitest';
import type { ConfigInput } from 'inband';
import { freePort } from '../packages/core/test-support/free-port.ts';
import { describeRequiring } from './support/requires.ts';
import { launchChromium } from './e2e/launch-chromium.ts';
import { e2e, type Lab } from './e2e/lab.ts';
import { selfSigned } from '../packages/tls/test-support/certificates.ts';
import { startRedis } from '../packages/store/test-support/servers.ts';

const TOKEN = 'a-token-that-the-operator-has';
const VIEWS = ['', 'sessions', 'routes', 'pools', 'denials', 'errors', 'explain', 'configuration', 'log'];
/** What a client may write anywhere. */
const HOSTILE = '<img/src=x/onerror=document.title="owned">';
/** Milliseconds: each starts a browser. */
const TIMEOUT = 120_000;

const config = (admin: number, web: number, certificate?: { cert: string; key: string }): ConfigInput => ({
  admin: {
    bind: `127.0.0.1:${admin}`,
    tokens: { ops: { role: 'change', hash: `sha256:${createHash('sha256').update(TOKEN).digest('hex')}` } },
  },
  listeners: [
    { bind: '127.0.0.1:0', service: 'browser' },
    { bind: '127.0.0.1:0', service: 'web' },
    ...(certificate === undefined
      ? []
      : [{ bind: '127.0.0.1:0', service: 'web', tls: { certificates: [certificate] } }]),
  ],
  services: {
    browser: {
      mode: 'forward',
      http: { connectPorts: 'any' },
      access: [
        { deny: { hosts: ['forbidden.example'], reason: 'Not from here.' } },
        { deny: { fields: { 'x-team': 'games' }, when: { time: '08:00-18:00' }, reason: 'Not at this time.' } },
      ],
      routes: [{ chainer: { type: 'inband' } }],
    },
    web: {
      mode: 'reverse',
      routes: [{ chainer: { type: 'failover', hosts: [`127.0.0.1:${web}`, '127.0.0.1:9'] } }],
    },
  },
});

interface Scene {
  readonly page: Page;
  /** Everything that the browser complained of. */
  readonly complaints: string[];
  /** Hosts that were asked for anything. */
  readonly hosts: Set<string>;
  readonly address: string;
  /** The ports of the proxy. */
  readonly ports: readonly number[];
}

/** A proxy that has served, refused and failed, and has a tunnel open; and a browser at its admin address. */
async function scene(lab: Lab): Promise<Scene> {
  const origin = await lab.origin((_request, response) => response.end('hello'));
  const admin = await freePort();
  const { ports } = await lab.inband(config(admin, origin.port, await certificateFiles(lab)));
  const [browser = 0, web = 0] = ports;
  await exchange(lab, browser, `GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: 127.0.0.1:${origin.port}\r\n`);
  await exchange(lab, browser, `GET http://forbidden.example/${HOSTILE} HTTP/1.1\r\nHost: forbidden.example\r\n`);
  await exchange(lab, browser, `GET http://127.0.0.1:9/${HOSTILE} HTTP/1.1\r\nHost: 127.0.0.1:9\r\n`);
  await exchange(lab, web, `GET / HTTP/1.1\r\nHost: web.example\r\n`);
  const tunnel = connect(browser, '127.0.0.1');
  tunnel.on('error', () => {}); // A test ends it.
  lab.defer(() => tunnel.destroy());
  tunnel.write(`CONNECT 127.0.0.1:${origin.port} HTTP/1.1\r\nHost: 127.0.0.1:${origin.port}\r\n\r\n`);
  await new Promise((resolve) => tunnel.once('data', resolve));
  const context = await launchChromium(lab, []);
  const page = await context.newPage();
  return { page, address: `http://127.0.0.1:${admin}/`, ports, ...watch(context) };
}

/** Files of a certificate whose name is hostile, too. */
async function certificateFiles(lab: Lab): Promise<{ cert: string; key: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'inband-admin-page-'));
  lab.defer(() => rm(folder, { recursive: true }));
  const { cert, key } = selfSigned({ names: ['web.example'], commonName: HOSTILE });
  const [certFile, keyFile] = [join(folder, 'web.pem'), join(folder, 'web.key')];
  await writeFile(certFile, cert);
  await writeFile(keyFile, key, { mode: 0o600 });
  return { cert: certFile, key: keyFile };
}

function watch(context: BrowserContext): Pick<Scene, 'complaints' | 'hosts'> {
  const complaints: string[] = [];
  const hosts = new Set<string>();
  context.on('console', (message) => {
    // That a token is needed is an error to the browser.
    if (message.type() === 'error' && !message.text().includes('401')) complaints.push(message.text());
  });
  context.on('weberror', (error) => complaints.push(error.error().message));
  context.on('request', (request) => hosts.add(new URL(request.url()).host));
  return { complaints, hosts };
}

async function exchange(lab: Lab, port: number, head: string): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  lab.defer(() => socket.destroy());
  socket.write(`${head}Connection: close\r\n\r\n`);
  await new Promise((resolve, reject) => socket.resume().once('close', resolve).once('error', reject));
}

async function signIn({ page, address }: Scene): Promise<void> {
  await page.goto(address);
  await page.getByLabel('Token').fill(TOKEN);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
}

async function open(page: Page, view: string): Promise<void> {
  await page.evaluate(`location.hash = '#/${view}'`);
  await page.locator(`nav a[aria-current][href="#/${view}"]`).waitFor({ state: 'attached' });
  await page.locator('main > :nth-child(2)').waitFor();
  await expect.poll(() => page.getByText('Loading …').count(), { timeout: TIMEOUT }).toBe(0);
}

/** Rules of axe-core that the page breaks, with the elements. */
async function violations(page: Page): Promise<unknown> {
  // The policy of the page forbids scripts of others; the debugger that evaluates this is not held to it.
  await page.evaluate(axe.source);
  return page.evaluate(`axe.run().then(({ violations }) =>
    violations.map(({ id, nodes }) => ({ id, at: nodes.map(({ target }) => target.join(' ')) })))`);
}

describeRequiring({ commands: ['chromium'] }, 'the page at the admin address', () => {
  e2e(
    'has no barrier and no horizontal scrolling, wide or narrow, light or dark',
    async (lab) => {
      const found = await scene(lab);
      const { page } = found;
      await signIn(found);
      for (const width of [1280, 400]) {
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.setViewportSize({ width, height: 800 });
          await page.emulateMedia({ colorScheme });
          for (const view of VIEWS) {
            await open(page, view);
            expect(await violations(page), `${view} ${width} ${colorScheme}`).toEqual([]);
            expect(await page.evaluate('document.documentElement.scrollWidth'), view).toBeLessThanOrEqual(width);
          }
        }
      }
      // No other machine has anything to do with this one.
      expect(await page.locator('nav a[href="#/cluster"]').count()).toBe(0);
      expect(found.complaints).toEqual([]);
      expect([...found.hosts]).toEqual([new URL(found.address).host]);
    },
    TIMEOUT,
  );

  e2e(
    'shows what clients write as text',
    async (lab) => {
      const found = await scene(lab);
      const { page } = found;
      await signIn(found);
      await open(page, 'denials');
      await page.getByText(`http://forbidden.example/${HOSTILE}`).waitFor();
      await page.getByText('Not from here.').waitFor();
      await open(page, 'errors');
      await page.getByText(`http://127.0.0.1:9/${HOSTILE}`).waitFor();
      await open(page, 'log');
      await page.getByText('Following').waitFor();
      const [port = 0] = found.ports;
      await exchange(lab, port, `GET http://forbidden.example/${HOSTILE} HTTP/1.1\r\nHost: forbidden.example\r\n`);
      await page.getByText(`http://forbidden.example/${HOSTILE}`).waitFor();
      expect(await page.title()).toBe('Log – Inband');
      expect(await page.locator('main img').count()).toBe(0);
      expect(found.complaints).toEqual([]);
    },
    TIMEOUT,
  );

  e2e(
    'shows what is in force: generations, certificates, a change over the file, which can be taken back',
    async (lab) => {
      const found = await scene(lab);
      const { page, address } = found;
      await signIn(found);
      for (const title of ['Top clients', 'Top targets']) await page.getByRole('heading', { name: title }).waitFor();
      const authorization = `Bearer ${TOKEN}`;
      const { headers } = await fetch(`${address}config`, { headers: { authorization } });
      const changed = await fetch(`${address}config?expires=1h`, {
        method: 'PATCH',
        headers: { authorization, 'if-match': String(headers.get('etag')), 'content-type': 'application/json' },
        body: '{"limits":{"connections":1234}}',
      });
      expect(changed.status).toBe(200);
      await open(page, 'configuration');
      const generation = page.getByRole('table', { name: 'Configurations in use' });
      await generation.getByRole('row', { name: /^2 0 .*current/ }).waitFor();
      const named = page.getByRole('table', { name: 'Certificates' }).getByRole('row', { name: /web\.example/ });
      expect(await named.textContent()).toMatch(/in\s(?:89|90)\sd/);
      await page.getByRole('button', { name: /^Remove change/ }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Remove it' }).click();
      await page.getByText('None: what the file says is in force.').waitFor();
      await generation.getByRole('row', { name: /^3 0 .*current/ }).waitFor();
      expect(await page.locator('main img').count()).toBe(0);
    },
    TIMEOUT,
  );

  e2e(
    'follows those lines of the log that are asked for',
    async (lab) => {
      const found = await scene(lab);
      const { page } = found;
      await signIn(found);
      await open(page, 'log');
      await page.getByRole('combobox', { name: 'Verdict' }).selectOption('denied-by-policy');
      await page.getByLabel('Target has').fill('/wanted');
      await page.waitForResponse((answer) => /log\?.*denied-by-policy.*wanted/.test(answer.url()));
      await page.getByText('Following').waitFor();
      const [port = 0] = found.ports;
      const ask = (host: string, path: string) =>
        exchange(lab, port, `GET http://${host}${path} HTTP/1.1\r\nHost: ${host}\r\n`);
      await ask('127.0.0.1:9', '/wanted/failed');
      await ask('forbidden.example', '/other');
      await ask('forbidden.example', '/wanted/denied');
      const lines = page.getByRole('log').getByRole('listitem').filter({ hasText: 'http://' });
      await lines.first().waitFor();
      expect(await lines.allTextContents()).toEqual([
        expect.stringContaining('http://forbidden.example/wanted/denied'),
      ]);
      await page.getByRole('button', { name: 'Pause' }).click();
      await page.getByText('Paused').waitFor();
      expect(found.complaints).toEqual([]);
    },
    TIMEOUT,
  );

  e2e(
    'ends a session by keyboard alone, after asking',
    async (lab) => {
      const found = await scene(lab);
      const { page } = found;
      await signIn(found);
      await open(page, 'sessions');
      const end = page.getByRole('button', { name: /^End / });
      await end.waitFor();
      await press(page, 'Tab', () => focusIs(page, 'aria-label', 'End '));
      await page.keyboard.press('Enter');
      const dialog = page.getByRole('dialog', { name: 'End this session?' });
      await dialog.waitFor();
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      expect(await end.count()).toBe(1);
      await end.press('Enter');
      await press(page, 'Tab', () => focusIs(page, 'value', 'yes'));
      await page.keyboard.press('Enter');
      await page.getByText('No session matches.').waitFor();
      expect(await page.getByRole('status').textContent()).toContain('was ended.');
    },
    TIMEOUT,
  );

  e2e(
    'explains a request, takes a server out, and asks for the token again',
    async (lab) => {
      const found = await scene(lab);
      const { page } = found;
      await signIn(found);
      await open(page, 'explain');
      await page.getByLabel('URL').fill('http://forbidden.example/');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'deny' }).waitFor();
      // What is explained is a session without a record.
      lab.records += 1;
      await page.getByText('services.browser.access[0]').first().waitFor();
      await page.getByLabel('URL').fill('http://127.0.0.1/');
      await page.getByText('More about the request').click();
      await page.getByLabel('Header fields').fill('X-Team: games\nAccept: text/html');
      await page.getByLabel('Time').fill('2026-12-24T09:00Z');
      expect(await violations(page)).toEqual([]);
      await page.getByRole('button', { name: 'Explain' }).click();
      await page.getByText('services.browser.access[1]').first().waitFor();
      await page.getByLabel('Time').fill('2026-12-24T19:00Z');
      await page.getByRole('button', { name: 'Explain' }).click();
      await page.getByRole('heading', { name: 'allow' }).waitFor();
      // Nobody logs in here, which is the answer; the names of groups arrive as they are.
      await page.getByLabel('User').fill('ann');
      await page.getByLabel('Groups').fill('cn=games,dc=example\njobs');
      const sent = page.waitForRequest('**/explain');
      await page.getByRole('button', { name: 'Explain' }).click();
      expect((await sent).postDataJSON()).toMatchObject({ user: 'ann', groups: ['cn=games,dc=example', 'jobs'] });
      await page.getByRole('main').getByRole('alert').waitFor();
      lab.records += 2;
      await open(page, 'pools');
      await page.getByRole('button', { name: 'Drain 127.0.0.1:9', exact: true }).click();
      await page.getByRole('button', { name: 'Use again 127.0.0.1:9', exact: true }).waitFor();
      // A proxy that is busy is not taken for one that is not ready.
      const problem = { status: 503, title: 'The proxy is busy' };
      await page.route('**/health/ready', (asked) =>
        asked.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify(problem) }),
      );
      await open(page, '');
      await page.getByText('The proxy is busy').waitFor();
      await page.unroute('**/health/ready');
      // Nor does an answer that nobody understands take the whole page with it.
      await page.route('**/routes', (asked) => asked.fulfill({ json: {} }));
      await open(page, 'routes');
      await page.getByText('This view has a defect').waitFor();
      await page.unroute('**/routes');
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.getByText('failover').first().waitFor();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByLabel('Token').fill('wrong');
      await page.keyboard.press('Enter');
      await page.getByText('The token is not known').waitFor();
      expect(page.url()).not.toContain('token');
    },
    TIMEOUT,
  );
});

describeRequiring({ commands: ['chromium', 'redis-server'] }, 'the page of a member of a cluster', () => {
  e2e(
    'shows the members, the sessions of all, and what the store is, and takes a server out everywhere',
    async (lab) => {
      const redis = await startRedis();
      lab.defer(() => redis.remove());
      const admin = await freePort();
      const own = (member: string, at: number) => ({
        ...config(at, admin),
        store: { type: 'redis' as const, url: `redis://127.0.0.1:${redis.port}` },
        cluster: { name: 'edge', member },
      });
      await lab.inband(own('edge-1', admin));
      await lab.inband(own('edge-2', await freePort()));
      const context = await launchChromium(lab, []);
      const page = await context.newPage();
      const found = { page, address: `http://127.0.0.1:${admin}/`, ports: [], ...watch(context) };
      await signIn(found);
      await page.getByRole('link', { name: 'Cluster' }).click();
      await page.getByRole('row', { name: /edge-1 \(this one\)/ }).waitFor();
      await page.getByRole('row', { name: /edge-2/ }).waitFor({ timeout: TIMEOUT });
      await open(page, 'pools');
      await page.getByRole('button', { name: 'Drain everywhere 127.0.0.1:9' }).click();
      await page.getByRole('button', { name: 'Use again everywhere 127.0.0.1:9' }).waitFor();
      expect(await page.getByRole('status').textContent()).toContain('All members get it');
      await open(page, 'sessions');
      await page.getByRole('combobox', { name: /^Sessions of/ }).selectOption('all members');
      await page.getByText('of those that members tell').waitFor();
      for (const width of [1280, 400]) {
        await page.setViewportSize({ width, height: 800 });
        for (const view of ['cluster', 'sessions', 'pools']) {
          await open(page, view);
          expect(await violations(page), `${view} ${width}`).toEqual([]);
          expect(await page.evaluate('document.documentElement.scrollWidth'), view).toBeLessThanOrEqual(width);
        }
      }
      await open(page, 'cluster');
      await redis.kill();
      await page.getByText('only this member is known').waitFor({ timeout: TIMEOUT });
      await page.getByRole('row', { name: /edge-2.*unknown/ }).waitFor();
      expect(await violations(page)).toEqual([]);
      expect(found.complaints).toEqual([]);
    },
    TIMEOUT,
  );
});

async function press(page: Page, key: string, until: () => Promise<unknown>): Promise<void> {
  for (let count = 0; count < 60; count += 1) {
    await page.keyboard.press(key);
    if (await until()) return;
  }
  throw new Error(`${key} does not lead there.`);
}

/** Whether the focus is at an element whose attribute begins so. */
function focusIs(page: Page, attribute: string, start: string): Promise<unknown> {
  const value = `document.activeElement?.getAttribute(${JSON.stringify(attribute)})`;
  return page.evaluate(`${value}?.startsWith(${JSON.stringify(start)}) === true`);
}
