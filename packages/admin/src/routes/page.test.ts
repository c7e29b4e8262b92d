import { expect, test } from 'vitest';
import { adminApp, bearer, TOKENS } from '../../test-support/admin-app.ts';
import { ScriptedState } from '../../test-support/scripted-state.ts';

const headers = { host: 'localhost' };

test('the page is for everybody, may run nothing but its own files, and is never kept', async () => {
  const app = await adminApp(new ScriptedState());
  const page = await app.inject({ url: '/', headers });
  expect(page.statusCode).toBe(200);
  expect(page.headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
  const policy = String(page.headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self';");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(page.body).not.toMatch(/<style|<script[^>]*>[^<]|\sstyle=|\son\w+=|https?:/);
});

test('files of the page are there by the names that it has, and browsers keep them', async () => {
  const app = await adminApp(new ScriptedState());
  const { body } = await app.inject({ url: '/', headers });
  const names = [...body.matchAll(/"(page\/[^"]+)"/g)].map(([, name]) => `/${name}`);
  expect(names).toHaveLength(3);
  for (const url of names) {
    const file = await app.inject({ url, headers });
    expect(file.statusCode).toBe(200);
    expect(file.headers['cache-control']).toContain('immutable');
    expect(file.headers['x-content-type-options']).toBe('nosniff');
  }
  expect((await app.inject({ url: '/page/../package.json', headers })).statusCode).toBe(404);
});

test('whoever has a token learns its name and role', async () => {
  const app = await adminApp(new ScriptedState());
  expect((await app.inject({ url: '/me', headers })).statusCode).toBe(401);
  const { body } = await app.inject({ url: '/me', headers: bearer(TOKENS.operate) });
  expect(JSON.parse(body)).toEqual({ name: 'the operate token', role: 'operate' });
});
