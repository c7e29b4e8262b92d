import { createMemoryNetwork, type Logger } from '@inband/core';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { address, connect } from '../../test-support/memory/memory-http.ts';
import { parseConfig } from '../config/parse-config.ts';
import { ConfigError } from '../config/problem/problem.ts';
import { rebasePaths } from '../config/read/rebase-paths.ts';
import type { ConfigInput } from '../config/input/config-input.ts';
import { createInband } from '../single/inband.ts';
import { FollowedText } from './build/passing/followed-text.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-fields-'));
  await writeFile(join(folder, 'secret'), 'Bearer one\n');
  await writeFile(join(folder, 'lines'), 'one\ntwo\n');
});
afterAll(() => rm(folder, { recursive: true }));

type Fields = NonNullable<NonNullable<ConfigInput['services']>[string]>['fields'];

function config(service: Fields, route?: Fields): ConfigInput {
  const chainer = { type: 'directed', remote: '10.0.0.1:80' } as const;
  return {
    listeners: [{ bind: '127.0.0.1:8080', service: 'web' }],
    services: { web: { mode: 'reverse', fields: service, routes: [{ chainer, fields: route }] } },
  };
}

function collecting(lines: object[]): Logger {
  const note = (fields: object, text?: string): void => void lines.push({ ...fields, text });
  return { debug: note, info: note, warn: note, error: note };
}

async function problemsOf(value: unknown): Promise<string> {
  const error: unknown = await parseConfig({ value, baseDirectory: folder }).catch((caught: unknown) => caught);
  return error instanceof ConfigError ? error.problems.join('\n') : 'none';
}

beforeAll(() => vi.stubEnv('INBAND_TEST_KEY', 'of-env'));
afterAll(() => vi.unstubAllEnvs());

test('fields change as configured, and a secret from a file is in no line of the log', async () => {
  const network = createMemoryNetwork();
  const lines: object[] = [];
  const secret = { file: join(folder, 'secret') };
  const inband = await createInband(
    config(
      {
        request: [{ remove: 'x-debug' }, { set: { 'x-client': '{client.address}' } }],
        response: [
          { set: { 'strict-transport-security': 'max-age=63072000' } },
          { remove: ['server', 'x-powered-by'] },
        ],
      },
      {
        request: [
          { set: { authorization: secret }, when: { method: 'GET', path: '/a' } },
          { set: { 'x-key': { env: 'INBAND_TEST_KEY', prefix: 'key ' } } },
          { replace: { 'user-agent': { pattern: '/[\\d.]+', with: '' } } },
        ],
      },
    ),
    { transport: network.transport(), logger: collecting(lines) },
  );
  onTestFinished(async () => {
    await inband.close({ grace: 0 });
    await vi.waitFor(() => expect(network.open).toBe(0));
  });
  let asked = '';
  const origin = await network.transport().listen(address('10.0.0.1', 80), {}, (connection) => {
    connection.handler = {
      data(bytes, start, end) {
        asked += bytes.toString('latin1', start, end);
        if (!asked.endsWith('\r\n\r\n')) return;
        connection.write(
          Buffer.from('HTTP/1.1 204 No Content\r\nServer: x\r\nX-Powered-By: y\r\nConnection: close\r\n\r\n'),
        );
        connection.end();
      },
      drained() {},
      ended() {},
      closed() {},
    };
    connection.resume();
  });
  onTestFinished(() => origin.close());
  const client = await connect(network, '127.0.0.1', address('127.0.0.1', 8080));
  const answer = new Promise<string>((done) => {
    let got = '';
    client.handler = {
      data: (bytes, start, end) => void (got += bytes.toString('latin1', start, end)),
      drained() {},
      ended: () => client.end(),
      closed: () => done(got),
    };
    client.resume();
  });
  client.write(
    Buffer.from(
      'GET /a HTTP/1.1\r\nHost: web.example\r\nX-Debug: 1\r\nUser-Agent: a/1.2 b/3\r\nConnection: close\r\n\r\n',
    ),
  );
  const got = await answer;
  expect(asked).toContain(
    '\r\nx-client: 127.0.0.1\r\nauthorization: Bearer one\r\nx-key: key of-env\r\nuser-agent: a b\r\n',
  );
  expect(asked).not.toContain('X-Debug');
  expect(got).toContain('\r\nstrict-transport-security: max-age=63072000\r\n');
  expect(got).not.toMatch(/server: x|powered/i);
  expect(JSON.stringify(lines)).not.toContain('Bearer');
});

test.each<[object, string]>([
  [{ request: [{ set: { Host: 'a' } }] }, 'fields.request[0].set.Host: the field "host" frames or routes messages'],
  [{ request: [{ remove: 'proxy-authorization' }] }, 'fields.request[0].remove: the field "proxy-authorization"'],
  [{ request: [{ rename: { a: 'via' } }] }, 'fields.request[0].rename.a: the field "via"'],
  [{ response: [{ append: { date: 'now' } }] }, 'fields.response[0].append.date: the proxy writes this field itself'],
  [{ request: [{ remove: 'a', always: true }] }, 'fields.request[0].always: unknown key "always"'],
  [{ request: [{ set: { a: '{server.address}' } }] }, 'fields.request[0].set.a: '],
  [{ request: [{ set: { a: 'b\r\nc' } }] }, 'visible ASCII'],
  [
    { request: [{ set: { a: '1' }, remove: 'b' }] },
    'fields.request[0]: expected one of set, add, append, remove, rename, replace, found "set" and "remove"',
  ],
  [
    { request: [{ when: { method: 'GET' } }] },
    'fields.request[0]: expected one of set, add, append, remove, rename, replace, found none',
  ],
  [{ request: [{ remove: 'a', when: { status: 200 } }] }, 'fields.request[0].when.status: unknown key "status"'],
  [{ request: [{ remove: 'a', when: { path: '/a/../b' } }] }, 'when.path: "/a/../b" is never compared'],
  [{ request: [{ remove: 'a', when: { path: 'a' } }] }, 'when.path: "a" must begin with a slash'],
  [
    { request: [{ remove: 'a', when: { field: { b: 'c\\d' } } }] },
    'when.field.b: "c\\d" has a "\\" that stands before',
  ],
  [{ response: [{ remove: 'a', when: { status: '4xx' } }] }, 'fields.response[0].when.status'],
  [
    { request: [{ replace: { a: { pattern: '(', with: '' } } }] },
    'fields.request[0].replace.a.pattern: this is no pattern',
  ],
  [
    { request: [{ replace: { a: { pattern: 'a', with: '$1' } } }] },
    'fields.request[0].replace.a.with: there is no "$1"',
  ],
  [
    { request: [{ replace: { host: { pattern: 'a', with: '' } } }] },
    'fields.request[0].replace.host: the field "host"',
  ],
  [{ request: [{ set: { a: { env: 'NO_SUCH' } } }] }, 'set.a.env: The environment variable "NO_SUCH" is not set'],
  [{ request: [{ set: { a: { env: 'A', file: 'b' } } }] }, 'expected a mapping with either "file" or "env"'],
  [{ request: [{ set: { a: { prefix: 'b' } } }] }, 'expected a mapping with either "file" or "env"'],
  [{ request: [{ set: { a: { file: 'none' } } }] }, 'fields.request[0].set.a.file: The file'],
  [{ request: [{ set: { a: { file: 'lines' } } }] }, 'should hold one line of visible ASCII characters'],
])('%j is refused at its place', async (fields, expected) => {
  expect(await problemsOf(config(fields as Fields))).toContain(expected);
});

test.each<[Record<string, unknown>, string]>([
  [{ a: { env: 'NO_SUCH' } }, 'routes[0].respond.fields.a.env: The environment variable "NO_SUCH" is not set'],
  [{ a: { file: 'none' } }, 'routes[0].respond.fields.a.file: The file'],
  [{ a: { file: 'lines' } }, 'should hold one line of visible ASCII characters'],
  [{ a: { prefix: 'b' } }, 'expected a mapping with either "file" or "env"'],
  [{ a: 1 }, 'routes[0].respond.fields.a: expected a text'],
  [{ a: { env: 'INBAND_TEST_KEY' }, b: { file: 'secret', prefix: 'key ' } }, 'none'],
])('the fields %j of a route that responds: %s', async (fields, expected) => {
  const services = { web: { mode: 'reverse', routes: [{ respond: { fields } }] } };
  expect(await problemsOf({ ...config(undefined), services })).toContain(expected);
});

test('server.address may stand in answers, and files are relative to the configuration', async () => {
  const fields: Fields = {
    response: [{ set: { a: '{server.address}', b: { file: 'secret' } }, when: { status: ['400-499', 200] } }],
  };
  expect(await problemsOf(config(fields))).toBe('none');
});

test('a route without a server sends no request whose fields could change, and is told so', async () => {
  const value = config(undefined);
  const fields = { request: [{ remove: 'a' }], response: [{ remove: 'a' }] };
  const route = { respond: { body: 'a' }, fields };
  const services = { web: { mode: 'reverse', routes: [route] } };
  const { warnings } = await parseConfig({ value: { ...value, services }, baseDirectory: folder });
  expect(warnings).toEqual([expect.stringContaining('routes[0].fields.request: warning: this has no effect')]);
});

test('a guard of TLS changes no fields', async () => {
  const value = config({ request: [{ remove: 'a' }] });
  const services = { web: { ...value.services?.['web'], proxy: 'tls', mode: undefined } };
  expect(await problemsOf({ ...value, services })).toContain('a TLS guard reads no requests');
});

test('paths in a file that is included are relative to that file', () => {
  const fields = { request: [{ set: { a: { file: 'secret' }, b: 'file' }, when: { field: { file: 'x' } } }] };
  const expected = { request: [{ set: { a: { file: '../secret' }, b: 'file' }, when: { field: { file: 'x' } } }] };
  const respond = { body: 'b', fields: { a: { file: 'secret' }, b: 'file' } };
  const responds = { body: 'b', fields: { a: { file: '../secret' }, b: 'file' } };
  const routes = [{ fields }, { respond }, { respond: { body: 'b' } }];
  const rebased = rebasePaths({ services: { web: { fields, routes } } }, '/etc/a', '/etc/a/b');
  expect(rebased).toEqual({
    services: {
      web: { fields: expected, routes: [{ fields: expected }, { respond: responds }, { respond: { body: 'b' } }] },
    },
  });
});

test('a file is followed: a version that cannot be used leaves the value as it was', async () => {
  const path = join(folder, 'followed');
  await writeFile(path, 'one');
  const lines: object[] = [];
  const followed = new FollowedText(path, collecting(lines), { interval: 5 });
  onTestFinished(() => followed.close());
  expect(followed.text).toBe('one');
  await writeFile(path, 'two\nthree\n');
  await vi.waitFor(() => expect(JSON.stringify(lines)).toContain('the value stays as it was'), 10_000);
  expect(followed.text).toBe('one');
  await writeFile(path, 'four\n');
  await vi.waitFor(() => expect(followed.text).toBe('four'), 10_000);
  expect(JSON.stringify(lines)).not.toMatch(/two|three|four/);
});
