import { expect, test } from 'vitest';
import { adminApp, bearer, TOKENS } from '../../test-support/admin-app.ts';
import { ScriptedState } from '../../test-support/scripted-state.ts';

const headers = bearer(TOKENS.operate);
const name = 'jti:3f2b8c1d';

async function post(body: object) {
  const state = new ScriptedState({ revoke: { name, isShared: true } });
  const app = await adminApp(state);
  const { statusCode } = await app.inject({ method: 'POST', url: '/revoked', headers, payload: body });
  return { statusCode, asked: state.asked };
}

test('a token is revoked by its id until a time', async () => {
  const until = Date.now() + 60_000;
  const { statusCode, asked } = await post({ name, until: new Date(until).toISOString() });
  expect(statusCode).toBe(200);
  expect(asked).toEqual([{ question: 'revoke', argument: { name, until, by: 'the operate token' } }]);
});

test('without a time it is for thirty days', async () => {
  const before = Date.now();
  const { asked } = await post({ name });
  const { until } = { until: 0, ...(asked[0]?.argument as object) };
  expect(Math.round((until - before) / 86_400_000)).toBe(30);
});

test.each([
  { name: 'the token itself' },
  { name: 'sha256:abc' },
  { name: 'jti:' },
  { name, until: 'tomorrow' },
  { name, until: '2020-01-01T00:00:00Z' },
  { name, until: '2999-01-01T00:00:00Z' },
  { name, token: 'x' },
  {},
])('%j is refused', async (body) => {
  const { statusCode, asked } = await post(body);
  expect([statusCode, asked]).toEqual([400, []]);
});

test('that is taken back by the same name', async () => {
  const state = new ScriptedState({ 'restore-token': { name, isShared: false } });
  const app = await adminApp(state);
  const { statusCode } = await app.inject({ method: 'DELETE', url: `/revoked/${name}`, headers });
  expect(statusCode).toBe(200);
  expect(state.asked[0]?.argument).toEqual({ name, by: 'the operate token' });
});

test('also by the longest one', async () => {
  const longest = `jti:${'%'.repeat(128)}`;
  const state = new ScriptedState({ 'restore-token': { name: longest, isShared: false } });
  const app = await adminApp(state);
  const url = `/revoked/${encodeURIComponent(longest)}`;
  expect((await app.inject({ method: 'DELETE', url, headers })).statusCode).toBe(200);
  expect(state.asked[0]?.argument).toEqual({ name: longest, by: 'the operate token' });
});
