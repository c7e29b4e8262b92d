import { createMemoryNetwork, type Logger, type SessionRecord } from '@inband/core';
import fs from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { replaceBuiltin } from '../../../../test/support/replace-builtin.ts';
import { address, exchange } from '../../test-support/memory/memory-http.ts';
import { routesAnswer } from '../admin/routes-answer.ts';
import { parseConfig } from '../config/parse-config.ts';
import { ConfigError } from '../config/problem/problem.ts';
import type { ConfigInput } from '../config/input/config-input.ts';
import { explain } from '../explain/explain.ts';
import { createInband } from '../single/inband.ts';

type Route = NonNullable<NonNullable<NonNullable<ConfigInput['services']>[string]>['routes']>[number];

const WEB = address('127.0.0.1', 8080);
const directed = { type: 'directed', remote: '10.0.0.1:80' } as const;

function config(...routes: Route[]): ConfigInput {
  return {
    listeners: [{ bind: '127.0.0.1:8080', service: 'web' }],
    services: { web: { mode: 'reverse', routes: [...routes, { chainer: directed }] } },
  };
}

const ROBOTS: Route = { match: { path: '/robots.txt' }, respond: { body: 'User-agent: *' } };
const OLD: Route = {
  match: { host: 'old.example' },
  redirect: { status: 308, location: 'https://new.example{request.target}' },
};

function head(path: string, host = 'web.example'): string {
  return `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
}

test('routes respond and redirect as configured, and a reload changes what they say', async () => {
  const network = createMemoryNetwork();
  const nothing = (): void => undefined;
  const logger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
  const records: SessionRecord[] = [];
  const inband = await createInband(config(ROBOTS, OLD), {
    transport: network.transport(),
    logger,
    onSession: (record) => records.push(record),
  });
  onTestFinished(async () => {
    await inband.close({ grace: 0 });
    await vi.waitFor(() => expect(network.open).toBe(0));
  });
  const ask = (path: string, host?: string): Promise<string> => exchange(network, '127.0.0.1', WEB, head(path, host));
  expect(await ask('/robots.txt')).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nUser-agent: \*$/);
  expect(await ask('/a?b', 'old.example')).toContain('\r\nlocation: https://new.example/a?b\r\n');
  await inband.reload(config({ ...ROBOTS, respond: { status: 404, body: 'Nothing.' } }, OLD));
  expect(await ask('/robots.txt')).toMatch(/^HTTP\/1\.1 404 Not Found\r\n[^]*\r\n\r\nNothing\.$/);
  expect(records.map(({ session, status }) => [session.route?.name, session.route?.chainer.kind, status])).toEqual([
    ['services.web.routes[0]', 'respond', 200],
    ['services.web.routes[1]', 'redirect', 308],
    ['services.web.routes[0]', 'respond', 404],
  ]);
});

test('a field of an answer is from a file beside the configuration, or from the environment', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inband-answers-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'secret'), 'of-the-file\n');
  vi.stubEnv('INBAND_TEST_ANSWER', 'of-env');
  onTestFinished(() => void vi.unstubAllEnvs());
  const fields = { a: { file: 'secret', prefix: 'key ' }, b: { env: 'INBAND_TEST_ANSWER' }, c: '{request.method}' };
  const network = createMemoryNetwork();
  const nothing = (): void => undefined;
  const inband = await createInband(config({ respond: { fields } }), {
    transport: network.transport(),
    baseDirectory: folder,
    logger: { debug: nothing, info: nothing, warn: nothing, error: nothing },
  });
  onTestFinished(() => inband.close({ grace: 0 }));
  expect(await exchange(network, '127.0.0.1', WEB, head('/'))).toContain(
    '\r\na: key of-the-file\r\nb: of-env\r\nc: GET\r\n',
  );
});

test('explain says that the proxy answers by itself, with which status, by which route', async () => {
  const value = config(ROBOTS, OLD);
  const parsed = await parseConfig({ value, baseDirectory: '/' });
  const client = address('127.0.0.1', 4000);
  const query = { client, listener: 0, method: 'GET', url: 'http://old.example/' };
  expect(await explain(parsed, { value, baseDirectory: '/' }, query)).toMatchObject({
    verdict: 'allow',
    route: 'services.web.routes[1]',
    chainer: 'redirect',
    status: 308,
    reason: 'The proxy answers it by itself, with 308.',
    steps: expect.arrayContaining([{ name: 'answer-by-route', outcome: 'answers' }]),
  });
});

test('the admin API names them among the routes', async () => {
  const parsed = await parseConfig({ value: config(ROBOTS), baseDirectory: '/' });
  expect(routesAnswer({ parsed }).services[0]?.routes[0]).toEqual({
    name: 'services.web.routes[0]',
    match: 'path /robots.txt',
    chainer: 'respond',
  });
});

test.each<[Route | object, string]>([
  [{ ...ROBOTS, chainer: directed }, 'routes[0].respond: a route has one of "chainer", "respond" and "redirect"'],
  [{ ...ROBOTS, redirect: { location: '/a' } }, 'routes[0].redirect: a route has one of'],
  [{ respond: { status: 100 } }, 'routes[0].respond.status: '],
  [{ respond: { status: 204, body: 'a' } }, 'routes[0].respond.body: an answer with the status 204 has no content'],
  [
    { respond: { fields: { 'content-length': '1' } } },
    'routes[0].respond.fields.content-length: the field "content-length" frames',
  ],
  [{ respond: { fields: { date: 'now' } } }, 'routes[0].respond.fields.date: the proxy writes this field itself'],
  [{ respond: { fields: { a: '{usr}' } } }, 'there is no variable "usr"; did you mean "{user}"?'],
  [{ respond: { fields: { a: '{server.address}' } } }, 'is not known here, because no server is connected to'],
  [{ redirect: { location: 'new.example' } }, 'routes[0].redirect.location: expected a URL such as'],
  [{ redirect: { location: '{request.target}' } }, 'routes[0].redirect.location: expected a URL such as'],
  [{ redirect: { location: '/{request.path}' } }, 'routes[0].redirect.location: expected a URL such as'],
  [{ redirect: { location: 'https://{request.target}' } }, 'routes[0].redirect.location: expected a URL such as'],
  [
    { redirect: { location: 'https://new.example{request.query}' } },
    'routes[0].redirect.location: expected a URL such as',
  ],
  [{ redirect: { location: 'https://new.example{user}/' } }, 'routes[0].redirect.location: expected a URL such as'],
  [{ redirect: { location: '//new.example' } }, 'routes[0].redirect.location: expected a URL such as'],
  [{ redirect: { location: '/', status: 200 } }, 'routes[0].redirect.status: expected one of 301'],
  [{ redirect: { location: 'https://a.example/\r\nx: y' } }, 'visible ASCII'],
])('%j is refused at its place', async (route, expected) => {
  const value = config({ match: { path: '/a' }, ...route });
  const error = await parseConfig({ value, baseDirectory: '/' }).then(
    () => undefined,
    (caught: unknown) => caught,
  );
  expect(error instanceof ConfigError && error.problems.join('\n')).toContain(expected);
});

test('files of fields are not followed where one is gone before the configuration is in use', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inband-answers-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const name of ['first', 'gone']) await writeFile(join(folder, name), 'value\n');
  const reads: string[] = [];
  const { readFileSync } = fs;
  replaceBuiltin(fs, {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one function for all of its overloads
    readFileSync: ((path: string, options: BufferEncoding) => {
      if (dirname(path) === folder) reads.push(basename(path));
      // The first time the configuration is checked.
      if (basename(path) === 'gone' && reads.filter((name) => name === 'gone').length > 1) throw new Error('gone');
      return readFileSync(path, options);
    }) as typeof readFileSync,
  });
  const set = { 'x-a': { file: 'first' } };
  const route: Route = {
    fields: { request: [{ set }] },
    respond: { fields: { a: { file: 'first' }, b: { file: 'gone' } } },
  };
  const nothing = (): void => undefined;
  const [begun, ended] = [vi.spyOn(globalThis, 'setInterval'), vi.spyOn(globalThis, 'clearInterval')];
  onTestFinished(() => void vi.restoreAllMocks());
  const failing = createInband(config(route), {
    transport: createMemoryNetwork().transport(),
    baseDirectory: folder,
    logger: { debug: nothing, info: nothing, warn: nothing, error: nothing },
  });
  await expect(failing).rejects.toThrow('gone');
  expect(reads).toEqual(['first', 'first', 'gone', 'first', 'first', 'gone']);
  const followed = begun.mock.results.map(({ value }) => value as unknown);
  expect(followed.length).toBeGreaterThanOrEqual(2);
  expect(ended.mock.calls.map(([timer]) => timer)).toEqual(expect.arrayContaining(followed));
});

test.each([
  '/',
  '/new',
  '/new{request.target}',
  '/?a={request.query}',
  'https://new.example',
  'https://new.example/?{request.query}',
  'https://{request.host}{request.target}',
  'https://{request.host}:8443{request.path}',
  'http://[::1]:80/',
])('a redirect may lead to %s', async (location) => {
  const value = config({ match: { path: '/a' }, redirect: { location } });
  expect((await parseConfig({ value, baseDirectory: '/' })).warnings).toEqual([]);
});

test('a guard of TLS can do neither', async () => {
  const value = config();
  const services = { ...value.services, web: { proxy: 'tls' as const, routes: [ROBOTS] } };
  const error = await parseConfig({ value: { ...value, services }, baseDirectory: '/' }).catch(
    (caught: unknown) => caught,
  );
  expect(error instanceof ConfigError && error.problems.join('\n')).toContain(
    'none of its routes can respond or redirect',
  );
});

test('what follows a route that answers everything is never reached', async () => {
  const { match: _any, ...everything } = ROBOTS;
  const { warnings } = await parseConfig({ value: config(everything), baseDirectory: '/' });
  expect(warnings).toEqual([expect.stringContaining('this route and what follows is never reached')]);
});
