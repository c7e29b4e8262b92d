import { fastify } from 'fastify';
import { expect, test } from 'vitest';
import { adminApp, bearer, TOKENS } from '../../test-support/admin-app.ts';
import { ScriptedState } from '../../test-support/scripted-state.ts';
import { AdminError } from '../base/problem.ts';
import type { AdminApp } from '../base/app-types.ts';
import { describeRoutes } from './open-api.ts';

const READY = { status: 'ready', reasons: [], listeners: [] };
const host = 'localhost';

test('health is for everybody, and 503 unless the proxy is ready', async () => {
  const state = new ScriptedState({ health: READY });
  const app = await adminApp(state);
  const get = (url: string) => app.inject({ url, headers: { host } });
  expect((await get('/health/live')).json()).toEqual({ status: 'live' });
  expect((await get('/health/ready')).json()).toEqual(READY);
  state.answers.health = { ...READY, status: 'draining', reasons: ['it is stopping'] };
  const draining = await get('/health/ready');
  expect(draining.statusCode).toBe(503);
  expect(draining.json()).toMatchObject({ status: 'draining', reasons: ['it is stopping'] });
});

test('a question without an answer is a problem with the status that it says', async () => {
  const problem = { status: 503, title: 'The proxy is busy', detail: 'Ask less often.' };
  const app = await adminApp(new ScriptedState({ health: new AdminError(problem) }));
  const response = await app.inject({ url: '/health/live', headers: { host } });
  expect(response.statusCode).toBe(503);
  expect(response.headers).toMatchObject({ 'content-type': 'application/problem+json', 'retry-after': '5' });
  expect(response.json()).toEqual(problem);
});

test('a defect is a 500 without details, and is logged', async () => {
  const state = new ScriptedState({ generations: new Error('the secret path') });
  const app = await adminApp(state);
  const response = await app.inject({ url: '/generations', headers: bearer(TOKENS.read) });
  expect(response.statusCode).toBe(500);
  expect(response.body).not.toContain('secret');
  expect(state.lines).toMatchObject([{ level: 'error', message: 'a defect at the admin address' }]);
});

test('a body that is nested too deeply is refused, whatever it is for', async () => {
  const state = new ScriptedState();
  const app = await adminApp(state);
  const headers = { ...bearer(TOKENS.change), 'content-type': 'application/json', 'if-match': '*' };
  const payload = `{"zones":${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
  const response = await app.inject({ method: 'PATCH', url: '/config', headers, payload });
  const detail = 'Objects and lists are nested more than 100 deep.';
  expect(response.json()).toEqual({ status: 400, title: 'The request is wrong', detail });
  expect(state.asked).toEqual([]);
});

test('what does not exist is a problem, too', async () => {
  const app = await adminApp(new ScriptedState());
  const response = await app.inject({ url: '/nothing', headers: { host } });
  expect(response.json()).toMatchObject({ status: 404, title: 'There is nothing here' });
});

test('who reloads or drains is told to the proxy', async () => {
  const reloaded = { generation: 2, alive: 1, added: [], changed: [], kept: [], dropped: [] };
  const state = new ScriptedState({ reload: reloaded, drain: { status: 'draining', grace: 5 } });
  const app = await adminApp(state);
  const headers = bearer(TOKENS.operate);
  expect((await app.inject({ method: 'POST', url: '/reload', headers })).json()).toEqual(reloaded);
  expect((await app.inject({ method: 'POST', url: '/drain', headers })).statusCode).toBe(202);
  expect(state.asked).toEqual([
    { question: 'reload', argument: { by: 'the operate token' } },
    { question: 'drain', argument: { by: 'the operate token' } },
  ]);
});

test('an endpoint that does not say which role it needs is not added', () => {
  const app: AdminApp = fastify();
  describeRoutes(app);
  expect(() => app.get('/open', () => 'secret')).toThrow('GET /open does not say which role it needs.');
});

test('metrics are a text in the format that Accept asks for, and statistics are JSON', async () => {
  const state = new ScriptedState();
  const app = await adminApp(state);
  const headers = { ...bearer(TOKENS.read), accept: 'application/openmetrics-text' };
  const metrics = await app.inject({ url: '/metrics', headers });
  expect(metrics.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(metrics.body).toBe('# asked for application/openmetrics-text\n');
  expect((await app.inject({ url: '/stats', headers })).json()).toEqual(state.statistics);
  state.statistics = new AdminError({ status: 503, title: 'Nothing is counted', setting: 'metrics' });
  const nothing = await app.inject({ url: '/stats', headers });
  expect(nothing.json()).toEqual({ status: 503, title: 'Nothing is counted', setting: 'metrics' });
});

test('a URL that is none is a problem, too', async () => {
  const app = await adminApp(new ScriptedState());
  const response = await app.inject({ url: '/%', headers: { host } });
  expect(response.headers['content-type']).toBe('application/problem+json');
  expect(response.json()).toMatchObject({ status: 400, title: 'The request is wrong' });
});
