import { createMemoryNetwork, type Logger } from '@inband/core';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { hashToken } from '@inband/admin';
import { askAdmin } from '../../test-support/admin-client.ts';
import type { ConfigInput } from '../config/input/config-input.ts';
import { parseConfig } from '../config/parse-config.ts';
import { Revocations } from '../revoked/revocations.ts';
import { ConfigChanges } from '../overlays/config-changes.ts';
import { createInband } from '../single/inband.ts';
import { AdminSide } from './admin-side.ts';
import type { AdminOwner } from './owner.ts';

// Programs are started, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

type Admin = NonNullable<ConfigInput['admin']>;

const fixtures = (path: string): string => fileURLToPath(new URL(`../../../../${path}`, import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-admin-side-'));
});
afterAll(() => rm(folder, { recursive: true }));

const config = (admin?: Admin): ConfigInput => ({
  listeners: [{ bind: '127.0.0.1:3128', service: 'browser' }],
  services: { browser: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] } },
  ...(admin !== undefined && { admin }),
});

/** An embedded proxy in memory, with a real admin server. */
async function start(admin?: Admin) {
  const network = createMemoryNetwork();
  const addresses: string[] = [];
  const note = (fields: object, message: string): void => {
    if (message === 'the admin server listens') addresses.push(String(Reflect.get(fields, 'address')));
  };
  const logger: Logger = { debug: note, info: note, warn: note, error: note };
  const inband = await createInband(config(admin), {
    transport: network.transport(),
    logger,
    baseDirectory: folder,
  });
  onTestFinished(async () => {
    await inband.close({ grace: 0 });
    expect(network.open).toBe(0);
  });
  return { inband, address: () => addresses.at(-1) ?? '' };
}

const BIND = '127.0.0.1:0' as const;
const ready = (address: string) => askAdmin(address, ['GET', '/health/ready']);

test('an embedded proxy has it, too, and drains; what it reloads is the matter of its program', async () => {
  const { address } = await start({ bind: BIND, anonymous: 'operate' });
  expect(await ready(address())).toMatchObject({
    status: 200,
    body: { listeners: [{ name: 'browser', bind: '127.0.0.1:3128', state: 'listening' }] },
  });
  expect(await askAdmin(address(), ['POST', '/reload'])).toMatchObject({
    status: 422,
    body: { problems: [expect.stringContaining('the program that embeds the proxy has the configuration')] },
  });
  expect(await askAdmin(address(), ['POST', '/drain'])).toMatchObject({ status: 202 });
  await vi.waitFor(() => expect(ready(address())).rejects.toThrow('ECONNREFUSED'), { timeout: 15_000 });
});

test('it is not ready while no server of a required pool is up, and says which pool', async () => {
  const { inband, address } = await start({ bind: BIND, anonymous: 'operate' });
  const check = { type: 'tcp' as const, interval: '10ms' as const, fall: 1 };
  const pool = { type: 'pool' as const, servers: ['127.0.0.1:81', '127.0.0.1:82'], check };
  const withPool = (required: boolean): ConfigInput => ({
    ...config({ bind: BIND, anonymous: 'operate' }),
    services: { browser: { mode: 'forward', routes: [{ chainer: { ...pool, required } }] } },
  });
  await inband.reload(withPool(true));
  const reasons = ['no server of services.browser.routes[0].chainer is up'];
  const isNotReady = async (): Promise<void> => {
    expect(await ready(address())).toMatchObject({ status: 503, body: { status: 'not-ready', reasons } });
  };
  await vi.waitFor(isNotReady, { timeout: 15_000 });
  await inband.reload(withPool(false));
  expect(await ready(address())).toMatchObject({ status: 200 });
});

test('a reload adds it, moves it and takes it away', async () => {
  const { inband, address } = await start();
  await inband.reload(config({ bind: BIND }));
  const first = address();
  expect(await ready(first)).toMatchObject({ status: 200 });
  const socket = join(folder, 'moved.sock');
  await inband.reload(config({ bind: `unix:${socket}` }));
  expect(address()).toBe(`unix:${socket}`);
  expect(await ready(address())).toMatchObject({ status: 200 });
  await vi.waitFor(() => expect(ready(first)).rejects.toThrow('ECONNREFUSED'), { timeout: 15_000 });
  await inband.reload(config());
  await vi.waitFor(() => expect(ready(address())).rejects.toThrow('ENOENT'), { timeout: 15_000 });
});

test('a reload changes who may ask, without a new server', async () => {
  const { inband, address } = await start({ bind: BIND });
  const generations = (token?: string) =>
    askAdmin(address(), ['GET', '/generations'], token === undefined ? {} : { token });
  expect(await generations()).toMatchObject({ status: 200 });
  await inband.reload(config({ bind: BIND, tokens: { ops: { role: 'read', hash: hashToken('secret') } } }));
  await vi.waitFor(async () => expect(await generations()).toMatchObject({ status: 401 }), { timeout: 15_000 });
  expect(await generations('secret')).toMatchObject({ status: 200 });
});

test('a reload that fails leaves it as it is', async () => {
  const { inband, address } = await start({ bind: BIND });
  const before = address();
  const wrong = { ...config({ bind: `unix:${join(folder, 'never.sock')}` }), transport: 'node' as const };
  await expect(inband.reload(wrong)).rejects.toThrow('transport: a reload cannot change this');
  await expect(inband.reload(config({ bind: `unix:${join(folder, 'no-folder/a.sock')}` }))).rejects.toThrow(
    /^admin\.bind: .*ENOENT/,
  );
  expect(await ready(before)).toMatchObject({ status: 200 });
});

test('a reload reads the certificate again, and refuses one of no use', async () => {
  const put = async (from: string, cert: string, key: string): Promise<void> => {
    await cp(fixtures(`${from}/${cert}`), join(folder, 'cert.pem'));
    await cp(fixtures(`${from}/${key}`), join(folder, 'key.pem'));
  };
  await put('test/fixtures/tls', 'localhost.crt', 'localhost.key');
  const admin: Admin = { bind: `unix:${join(folder, 'tls.sock')}`, tls: { cert: 'cert.pem', key: 'key.pem' } };
  const { inband, address } = await start(admin);
  const subject = async (): Promise<unknown> => {
    const { body } = await askAdmin(address(), ['GET', '/certificates'], { tls: true });
    return body.certificates;
  };
  expect(await subject()).toMatchObject([{ setting: 'admin.tls', subject: expect.stringContaining('localhost') }]);
  await put('packages/admin/test-support', 'other.crt', 'other.key');
  await inband.reload(config(admin));
  await vi.waitFor(async () => expect(await subject()).toMatchObject([{ subject: 'CN=other.example' }]), {
    timeout: 15_000,
  });
  await cp(fixtures('test/fixtures/tls/localhost.key'), join(folder, 'key.pem'));
  await expect(inband.reload(config(admin))).rejects.toThrow(/^admin\.tls: the certificate or its key is of no use/);
  expect(await subject()).toMatchObject([{ subject: 'CN=other.example' }]);
});

test('a side that is closed leaves its address to another process, also when it was just starting', async () => {
  const logger: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
  };
  const apply = (): Promise<never> => Promise.reject(new Error('not asked'));
  const path = join(folder, 'left.sock');
  const source = { value: config({ bind: `unix:${path}` }), baseDirectory: folder };
  const owner: AdminOwner = {
    acme: () => [],
    pushes: undefined,
    get cluster(): never {
      throw new Error('not asked');
    },
    revocations: new Revocations({ logger, tell: () => undefined }),
    countFailedLogin: () => Promise.resolve(undefined),
    health: () => ({ status: 'ready', reasons: [], listeners: [] }),
    changes: new ConfigChanges({
      source: { value: {}, baseDirectory: folder },
      apply,
      during: (reload) => reload(),
      logger,
    }),
    reload: apply,
    drain: () => ({ status: 'draining', grace: 0 }),
    configured: () => undefined,
    askOne: () => Promise.resolve(undefined),
    askAll: () => Promise.resolve({ answers: [], missing: [] }),
  };
  const { config: parsed } = await parseConfig(source);
  const side = new AdminSide(owner, logger);
  const starting = side.start(parsed, source);
  await side.close();
  await starting;
  let reloads = 0;
  const reload = (): Promise<number> => Promise.resolve((reloads += 1));
  await expect(side.during(parsed, source, reload)).rejects.toThrow('the program is stopping.');
  expect(reloads).toBe(0);
  await expect(ready(`unix:${path}`)).rejects.toThrow('ENOENT');
});
