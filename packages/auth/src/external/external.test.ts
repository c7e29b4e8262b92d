import type { AuthRequest } from '@inband/core';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { ask, keepingLogger } from '../../test-support/query.ts';
import { ExternalAuthenticator, type ExternalOptions } from './external.ts';

const { logger, lines } = keepingLogger();
afterEach(() => {
  lines.length = 0;
});

interface Said {
  status: number;
  headers: Record<string, string | string[]>;
  body: string;
  /** Never answers. */
  isSilent: boolean;
}

/** A service on loopback that is asked who somebody is. */
async function startService(said: Partial<Said> = {}) {
  const says: Said = { status: 200, headers: {}, body: '', isSilent: false, ...said };
  const asked: IncomingHttpHeaders[] = [];
  const server = createServer(({ headers }, response) => {
    asked.push(headers);
    if (!says.isSilent) response.writeHead(says.status, says.headers).end(says.body);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return { says, asked, url: `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}/verify` };
}

const OPTIONS: Omit<ExternalOptions, 'url'> = {
  fields: ['authorization', 'cookie'],
  copy: ['x-user', 'x-team'],
  userField: 'x-user',
  groupsField: 'x-groups',
  groups: { all: ['ann'] },
  timeout: 10_000,
  concurrency: 2,
  cache: 60_000,
  failOpen: false,
};

interface Making {
  readonly more?: Partial<ExternalOptions>;
  readonly mode?: 'forward' | 'reverse';
  readonly now?: () => number;
}

function make(url: string, { more, mode = 'reverse', now }: Making = {}): ExternalAuthenticator {
  const made = new ExternalAuthenticator(
    { ...OPTIONS, url, ...more },
    { logger, setting: 'services.web.auth', mode, now },
  );
  onTestFinished(() => made.close());
  return made;
}

const requestOf = (fields: Record<string, string[]> = {}, path = '/cart?id=1'): AuthRequest => ({
  method: 'POST',
  target: path,
  scheme: 'https',
  authority: 'shop.example',
  path,
  fields: (name) => fields[name] ?? [],
});

test('2xx passes with its user, groups and the fields to copy, of which the client can send none', async () => {
  const headers = { 'x-user': 'ann', 'x-groups': 'jobs, people', 'x-other': 'no' };
  const { url } = await startService({ status: 204, headers });
  const requestFields = new Map([
    ['x-user', 'ann'],
    ['x-team', undefined],
  ]);
  expect(await ask(make(url), undefined, { request: requestOf() })).toEqual({
    verdict: 'user',
    user: 'ann',
    groups: ['jobs', 'people', 'all'],
    requestFields,
  });
});

test('names come in UTF-8, and what is none is no user', async () => {
  const inBytes = (text: string): string => Buffer.from(text).toString('latin1');
  const { says, url } = await startService({
    headers: { 'x-user': inBytes('kova\u010d'), 'x-groups': inBytes('\u010delo') },
  });
  const auth = make(url, { more: { cache: 0 } });
  const outcome = await ask(auth, undefined, { request: requestOf() });
  expect(outcome).toMatchObject({ user: 'kova\u010d', groups: ['\u010delo'] });
  // They go on as they came.
  expect(outcome).toMatchObject({
    requestFields: new Map([
      ['x-user', inBytes('kova\u010d')],
      ['x-team', undefined],
    ]),
  });
  says.headers = { 'x-user': 'kova\u00e8' };
  await expect(ask(auth, undefined, { request: requestOf() })).rejects.toMatchObject({ status: 503 });
});

test('it is asked with the chosen fields and what the request is for, and nothing else', async () => {
  const { url, asked } = await startService();
  const fields = { cookie: ['a=1', 'b=2'], 'x-secret': ['s'], 'x-forwarded-for': ['6.6.6.6'] };
  await ask(make(url), 'Basic YTpi', { request: requestOf(fields) });
  expect(asked[0]).toEqual({
    host: new URL(url).host,
    connection: 'keep-alive',
    'user-agent': 'inband',
    authorization: 'Basic YTpi',
    cookie: 'a=1; b=2',
    'x-forwarded-method': 'POST',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'shop.example',
    'x-forwarded-uri': '/cart?id=1',
    'x-forwarded-for': '192.0.2.9',
  });
});

test.each([
  ['reverse', 401, 401, 'www-authenticate'],
  ['forward', 401, 407, 'proxy-authenticate'],
] as const)('in mode %s a %i is handed back as a %i with its challenge', async (mode, status, expected, field) => {
  const challenge = 'Bearer realm="id"';
  const { url } = await startService({
    status,
    headers: { 'www-authenticate': challenge, 'x-inner': 'no' },
    body: 'log in',
  });
  const outcome = await ask(make(url, { mode }), undefined, { request: requestOf() });
  expect(outcome).toMatchObject({
    verdict: 'answered',
    answer: { status: expected, fields: [[field, challenge]], content: 'log in' },
  });
});

test('a 403 and a redirect are handed back with what is for the client', async () => {
  const { url, says } = await startService({ status: 403, headers: { 'content-type': 'text/html' }, body: 'no' });
  const auth = make(url);
  expect(await ask(auth, undefined, { request: requestOf() })).toMatchObject({
    answer: { status: 403, fields: [['content-type', 'text/html']], content: 'no' },
  });
  says.status = 302;
  says.headers = { location: 'https://id.example/', 'set-cookie': ['a=1', 'b=2'] };
  expect(await ask(auth, undefined, { request: requestOf({}, '/other') })).toMatchObject({
    answer: {
      status: 302,
      fields: [
        ['location', 'https://id.example/'],
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
      ],
    },
  });
});

test.each<[string, Partial<Said>, Partial<ExternalOptions>]>([
  ['an error', { status: 500 }, {}],
  ['a status of another kind', { status: 404 }, {}],
  ['no answer in time', { isSilent: true }, { timeout: 50 }],
  ['an answer that is too long', { body: 'x'.repeat(100_000) }, {}],
  ['a user with a control in it', { headers: { 'x-user': 'a\u0080b' } }, {}],
])('%s closes, with a 503, and is logged once', async (_what, said, more) => {
  const { url } = await startService(said);
  const auth = make(url, { more });
  for (let count = 0; count < 2; count += 1) {
    await expect(ask(auth, 'Basic YTpi', { request: requestOf() })).rejects.toMatchObject({ status: 503 });
  }
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('who asks cannot be found out; requests are refused');
  expect(lines[0]).not.toContain('YTpi');
});

test('a service that fails for every other request gets one line a second for each, with the number of the others', async () => {
  let now = 0;
  const { url, says } = await startService();
  const auth = make(url, { more: { cache: 0 }, now: () => now });
  const askTwice = async (): Promise<void> => {
    says.status = 500;
    await expect(ask(auth, undefined, { request: requestOf() })).rejects.toMatchObject({ status: 503 });
    says.status = 200;
    await ask(auth, undefined, { request: requestOf() });
  };
  for (let count = 0; count < 5; count += 1) await askTwice();
  expect(lines.map((line) => /cannot|again/.exec(line)?.[0])).toEqual(['cannot', 'again']);
  now += 1_000;
  await askTwice();
  expect(lines).toHaveLength(4);
  expect(lines[2]).toContain('"unmentioned":4');
});

test('another reason within the same second has its line later, and then no more', async () => {
  let now = 0;
  const { url, says } = await startService({ status: 500 });
  const auth = make(url, { now: () => now });
  const fails = async (status: number): Promise<void> => {
    says.status = status;
    await expect(ask(auth, undefined, { request: requestOf() })).rejects.toMatchObject({ status: 503 });
  };
  for (const status of [500, 502, 502]) await fails(status);
  expect(lines).toHaveLength(1);
  now += 1_000;
  for (const status of [502, 502]) await fails(status);
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain('it answers 502","unmentioned":2');
});

test('nobody who listens closes as well, and opens only where that is written, without the fields of the client', async () => {
  const url = 'http://127.0.0.1:1/';
  await expect(ask(make(url), undefined, { request: requestOf() })).rejects.toMatchObject({ status: 503 });
  const open = make(url, { more: { failOpen: true } });
  expect(await ask(open, undefined, { request: requestOf() })).toEqual({
    verdict: 'user',
    user: undefined,
    groups: [],
    requestFields: new Map([
      ['x-user', undefined],
      ['x-team', undefined],
    ]),
  });
  expect(lines.join('\n')).toContain('requests go on without a user');
});

test('an open service still hands back what was answered', async () => {
  const { url } = await startService({ status: 403 });
  const outcome = await ask(make(url, { more: { failOpen: true } }), undefined, { request: requestOf() });
  expect(outcome.verdict).toBe('answered');
});

test('who may pass is remembered for a minute, and who may not for five seconds, for the very same request', async () => {
  const { url, asked, says } = await startService({ headers: { 'x-user': 'ann' } });
  let time = 0;
  const auth = make(url, { now: () => time });
  const asking = (path = '/') => ask(auth, 'Basic YTpi', { request: requestOf({}, path) });
  await asking();
  time = 59_000;
  await asking();
  expect(asked).toHaveLength(1);
  await asking('/other');
  await ask(auth, 'Basic YTpj', { request: requestOf({}, '/') });
  expect(asked).toHaveLength(3);
  time = 61_000;
  says.status = 403;
  await asking();
  time = 65_000;
  await asking();
  expect(asked).toHaveLength(4);
  time = 67_000;
  await asking();
  expect(asked).toHaveLength(5);
});

test.each<[string, Partial<Said>, Partial<ExternalOptions>]>([
  ['a challenge', { status: 401, headers: { 'www-authenticate': 'a' } }, {}],
  ['a redirect', { status: 302, headers: { location: '/' } }, {}],
  ['an answer with a cookie', { headers: { 'set-cookie': 'a=1' } }, {}],
  ['an answer that says so', { headers: { 'cache-control': 'private, no-store' } }, {}],
  ['nothing without a cache', {}, { cache: 0 }],
])('%s is not remembered', async (_what, said, more) => {
  const { url, asked } = await startService(said);
  const auth = make(url, { more });
  for (let count = 0; count < 2; count += 1) await ask(auth, undefined, { request: requestOf() });
  expect(asked).toHaveLength(2);
});

test('few are asked about at once, the others wait, and the queue has an end', async () => {
  const { url, asked } = await startService({ isSilent: true });
  const auth = make(url, { more: { concurrency: 1 } });
  const all = Array.from({ length: 258 }, (_, index) => ask(auth, undefined, { request: requestOf({}, `/${index}`) }));
  for (const each of all.slice(0, -1)) each.catch(() => {});
  await expect(all.at(-1)).rejects.toMatchObject({ status: 503, message: 'Too many logins wait to be verified.' });
  await expect.poll(() => asked.length).toBe(1);
});

test('Authorization is read only where it is chosen, and a SOCKS login says nothing', async () => {
  expect(make('http://127.0.0.1:1/').readsCredentials).toBe(true);
  const auth = make('http://127.0.0.1:1/', { more: { fields: ['cookie'] } });
  expect(auth.readsCredentials).toBe(false);
  expect(await ask(auth, 'Basic YTpi')).toEqual({ verdict: 'none' });
});
