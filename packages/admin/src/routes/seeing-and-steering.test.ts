import { expect, onTestFinished, test, vi } from 'vitest';
import { passTime } from '../../../core/test-support/passing-time.ts';
import { ACCESS, adminApp, bearer, TOKENS } from '../../test-support/admin-app.ts';
import { ScriptedState } from '../../test-support/scripted-state.ts';
import { Access } from '../access/access.ts';
import { createApp } from '../server/app.ts';

test('sessions are asked for with defaults, and wrong queries are refused', async () => {
  const state = new ScriptedState({ sessions: { sessions: [], total: 0, missing: [] } });
  const app = await adminApp(state);
  const get = (query: string) => app.inject({ url: `/sessions${query}`, headers: bearer(TOKENS.read) });
  expect((await get('?client=10.0.0.7&limit=5')).statusCode).toBe(200);
  expect(state.asked).toEqual([
    { question: 'sessions', argument: { client: '10.0.0.7', sort: 'seconds', order: 'desc', limit: 5 } },
  ]);
  for (const wrong of ['?limit=0', '?limit=100000', '?sort=colour', '?colour=red', '?kind=other']) {
    expect(await get(wrong), wrong).toMatchObject({ statusCode: 400 });
  }
});

test.each([
  ['DELETE', '/sessions/k-1', 'end-session', { id: 'k-1', by: 'the operate token' }],
  ['POST', '/pools/a%5B0%5D/servers/h%3A80/drain', 'order-server', { pool: 'a[0]', address: 'h:80', order: 'drain' }],
  ['POST', '/pools/a/servers/h:80/undrain', 'order-server', { order: 'up' }],
  ['POST', '/pools/a/servers/h:80/up', 'order-server', { order: 'up', everywhere: false }],
  ['POST', '/pools/a/servers/h:80/drain?everywhere=true', 'order-server', { order: 'drain', everywhere: true }],
] as const)('%s %s needs the role operate, and says who asks', async (method, url, question, argument) => {
  const state = new ScriptedState({ 'end-session': {}, 'order-server': { pools: [], missing: [] } });
  const app = await adminApp(state);
  expect((await app.inject({ method, url, headers: bearer(TOKENS.read) })).statusCode).toBe(403);
  expect(state.asked).toEqual([]);
  await app.inject({ method, url, headers: bearer(TOKENS.operate) });
  expect(state.asked).toMatchObject([{ question, argument: { ...argument, by: 'the operate token' } }]);
});

test('the cluster and the sessions of all members are for whoever may read', async () => {
  const state = new ScriptedState({ cluster: {}, 'cluster-sessions': {} });
  const app = await adminApp(state, { anonymous: undefined });
  const status = async (url: string, headers: object = bearer(TOKENS.read)) =>
    (await app.inject({ url, headers: { host: 'localhost', ...headers } })).statusCode;
  expect(await status('/cluster', {})).toBe(401);
  expect(await status('/cluster/sessions', {})).toBe(401);
  await status('/cluster');
  await status('/cluster/sessions?client=10.0.0.7&limit=5');
  expect(state.asked).toEqual([
    { question: 'cluster', argument: undefined },
    { question: 'cluster-sessions', argument: { client: '10.0.0.7', sort: 'seconds', order: 'desc', limit: 5 } },
  ]);
  expect(await status('/cluster/sessions?colour=red')).toBe(400);
});

test('HEAD is no reader of the log', async () => {
  const app = await adminApp(new ScriptedState());
  expect((await app.inject({ method: 'HEAD', url: '/log', headers: bearer(TOKENS.read) })).statusCode).toBe(404);
});

test('an order that there is not is refused', async () => {
  const app = await adminApp(new ScriptedState());
  const sent = { method: 'POST', url: '/pools/a/servers/h:80/explode', headers: bearer(TOKENS.operate) } as const;
  expect((await app.inject(sent)).statusCode).toBe(400);
});

test('a reader of the log is sent away when others may ask than before, and only then', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const state = new ScriptedState({ log: { lines: [], lost: [0] } });
  const access = new Access(ACCESS, state);
  const app = await createApp({ state, access });
  const read = () => app.inject({ url: '/log', headers: bearer(TOKENS.read) });
  const reading = read();
  await passTime(10_000, () => state.asked.length > 1);
  expect(state.asked.length).toBeGreaterThan(1);
  access.configure({ ...ACCESS });
  const asked = state.asked.length;
  await passTime(10_000, () => state.asked.length > asked);
  expect(state.asked.length).toBeGreaterThan(asked);
  access.configure({ ...ACCESS, tokens: [] });
  expect((await reading).statusCode).toBe(200);
  expect((await read()).statusCode).toBe(401);
});
