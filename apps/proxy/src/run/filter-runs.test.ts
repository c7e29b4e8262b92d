import {
  createMemoryNetwork,
  definePlugin,
  type Filter,
  type FilterEnd,
  type FilterRequest,
  type FilterTunnel,
} from '@inband/core';
import * as http from 'node:http';
import { expect, test, vi } from 'vitest';
import * as z from 'zod';
import { get, running, startEcho } from '../../test-support/authenticated.ts';
import { address, exchange } from '../../test-support/memory/memory-http.ts';
import { parseConfig } from '../config/parse-config.ts';
import type { ConfigInput, FilterInput } from '../config/input/config-input.ts';
import { createInband } from '../single/inband.ts';

const services = (...filters: readonly FilterInput[]): NonNullable<ConfigInput['services']> => ({
  web: {
    mode: 'forward',
    access: [{ deny: { hosts: ['secret.example'] } }, { allow: { hosts: ['a.example'] } }],
    routes: [{ chainer: { type: 'directed', remote: '127.0.0.2:80' } }],
    filters: [...filters],
  },
});

/** Sets a field, and notes what becomes of it. */
function marking(notes: string[]) {
  return definePlugin<{ name: string }>({
    provides: 'filter',
    kind: 'marking',
    schema: z.strictObject({ name: z.string() }),
    create: ({ name }, { baseDirectory }) => {
      notes.push(`made ${name} ${typeof baseDirectory}`);
      return {
        onRequest: () => ({ fields: { append: { 'x-by': name } } }),
        close: () => notes.push(`closed ${name}`),
      };
    },
  });
}

test('filters of plugins and of the program run in the order in which they are written', async () => {
  const seen: FilterRequest[] = [];
  const ends: FilterEnd[] = [];
  const notes: string[] = [];
  await running(
    services(
      { type: 'marking', name: 'a', timeout: '1s' },
      { onRequest: (request) => void seen.push(request), onEnd: (end) => void ends.push(end) },
      { type: 'marking', name: 'b' },
    ),
    async ({ network, ask }) => {
      const echo = await startEcho(network);
      expect(await ask(get())).toContain('x-by: a\r\nx-by: b\r\n');
      await echo.close();
    },
    {},
    { plugins: [marking(notes)] },
  );
  expect(seen[0]?.fields.all('x-by')).toEqual(['a']);
  expect(ends).toMatchObject([{ status: 200, what: { service: 'web' }, bytes: { in: 0 } }]);
  expect(notes).toEqual(['made a string', 'made b string', 'closed a', 'closed b']);
});

test('a filter of a class is used as it is, with what it remembers', async () => {
  class Counting implements Filter {
    #requests = 0;
    readonly timeout = '1s';
    onRequest() {
      this.#requests += 1;
      return { fields: { set: { 'x-count': String(this.#requests) } } };
    }
  }
  await running(services(new Counting()), async ({ network, ask }) => {
    const echo = await startEcho(network);
    expect(await ask(get())).toContain('x-count: 1\r\n');
    expect(await ask(get())).toContain('x-count: 2\r\n');
    await echo.close();
  });
});

test('a reload keeps a filter whose options are the same, whatever else is other, and closes others', async () => {
  const notes: string[] = [];
  const config = (via: string, ...names: readonly string[]): ConfigInput => {
    const { web } = services(...names.map((name) => ({ type: 'marking', name })));
    return {
      plugins: [plugin],
      listeners: [{ bind: '127.0.0.1:0', service: 'web' }],
      services: { web: { ...web, mode: 'forward', http: { via } } },
    };
  };
  const plugin = marking(notes);
  const inband = await createInband(config('one', 'a', 'b'));
  await inband.reload(config('two', 'b', 'c'));
  await vi.waitFor(() => expect(notes).toContain('closed a'));
  await inband.close();
  expect(notes).toEqual(['made a string', 'made b string', 'made c string', 'closed a', 'closed b', 'closed c']);
});

test('a target that a filter chooses is denied as one of a client is', async () => {
  await running(
    services({ onRequest: ({ path }) => ({ target: `http://secret.example${path}` }) }),
    async ({ ask, summaries }) => {
      expect(await ask(get())).toMatch(/^HTTP\/1\.1 403 /);
      expect(summaries[0]).toMatchObject({
        what: { rule: 'services.web.access[0]', url: 'http://127.0.0.2/' },
        where: { asked: { host: 'secret.example', port: 80 } },
      });
    },
  );
});

test('a filter sends tunnels and requests by a parent, whose password is in no line of the log', async () => {
  const lines: unknown[] = [];
  const line = (...all: readonly unknown[]) => void lines.push(all);
  const logger = { debug: line, info: line, warn: line, error: line };
  const network = createMemoryNetwork();
  const heads: string[] = [];
  const parent = await network.transport().listen(address('127.0.0.9', 3128), {}, (connection) => {
    connection.handler = {
      data(bytes, start, end) {
        heads.push(bytes.toString('latin1', start, end));
        connection.write(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'));
        connection.end();
      },
      drained() {},
      ended: () => connection.end(),
      closed() {},
    };
    connection.resume();
  });
  const choose = () => ({ parent: 'http://ann:s3cret@127.0.0.9:3128' });
  const inband = await createInband(
    {
      listeners: [{ bind: '127.0.0.1:3128', service: 'web' }],
      services: services({ onRequest: choose, onTunnel: async (_tunnel: FilterTunnel) => choose() }),
    },
    { transport: network.transport(), logger },
  );
  const ask = (bytes: string) => exchange(network, '127.0.0.1', address('127.0.0.1', 3128), bytes);
  expect(await ask('GET http://a.example/x HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n')).toMatch(
    /^HTTP\/1\.1 200 OK/,
  );
  await ask('CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n');
  await inband.close();
  await parent.close();
  const login = `Proxy-Authorization: Basic ${Buffer.from('ann:s3cret').toString('base64')}\r\n`;
  expect(heads).toEqual([
    expect.stringMatching(/^GET http:\/\/a\.example\/x HTTP\/1\.1\r\n/),
    expect.stringMatching(/^CONNECT a\.example:443 HTTP\/1\.1\r\n/),
  ]);
  for (const head of heads) expect(head).toContain(login);
  expect(JSON.stringify(lines)).not.toContain('s3cret');
});

test('a parent that is no URL of one is an error of the filter, without its password', async () => {
  const logged: unknown[] = [];
  const logger = { debug() {}, info() {}, warn() {}, error: (fields: object) => void logged.push(fields) };
  const inband = await createInband(
    {
      listeners: [{ bind: '127.0.0.1:0', service: 'web' }],
      services: services({ onRequest: () => ({ parent: 'ftp://ann:s3cret@a.example' }) }),
    },
    { logger },
  );
  const bound = inband.listeners[0]?.address;
  const port = bound?.family === 'inet' ? bound.port : 0;
  expect(await fetchThrough(port)).toBe(500);
  await inband.close();
  const [{ err }] = logged as [{ err: Error }];
  expect(err.message).toContain('The filter "function" (services.web.filters[0]) failed in onRequest: ');
  expect(err.message).toContain('found "ftp"');
  expect(err.message).not.toContain('s3cret');
});

async function fetchThrough(port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    http
      .request({ host: '127.0.0.1', port, path: 'http://127.0.0.2/', agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
      .on('error', reject)
      .end();
  });
}

test('what is wrong with filters is told at its place', async () => {
  const problemsOf = (filters: unknown, more: object = {}): Promise<string> =>
    parseConfig({
      value: {
        plugins: [marking([])],
        listeners: [{ bind: '127.0.0.1:0', service: 'web' }],
        services: { web: { mode: 'forward', filters, ...more } },
      },
      baseDirectory: '/nowhere',
    }).then(() => '', String);
  expect(await problemsOf([{ type: 'marking' }])).toContain('services.web.filters[0].name: ');
  expect(await problemsOf([{ type: 'marked', name: 'a' }])).toContain(
    'filters[0].type: unknown filter "marked"; known here: marking.',
  );
  expect(await problemsOf([{ type: 'marking', name: 'a', timeout: 'soon' }])).toContain('filters[0].timeout: ');
  expect(await problemsOf([{ onRequest: () => undefined, timeout: 'soon' }])).toContain('filters[0]');
  expect(await problemsOf([{ onRequests: () => undefined }])).toContain(
    'expected a mapping with the "type" of a filter',
  );
  expect(await problemsOf([])).toContain('services.web.filters: ');
  expect(await problemsOf([{ type: 'marking', name: 'a' }], { proxy: 'tls', mode: undefined })).toContain('TLS guard');
});

test('a plugin that makes no filter is a problem of its place', async () => {
  const plugin = { ...marking([]), create: () => ({}) };
  await expect(
    createInband({
      plugins: [plugin],
      listeners: [{ bind: '127.0.0.1:0', service: 'web' }],
      services: services({ type: 'marking', name: 'a' }),
    }),
  ).rejects.toThrow('services.web.filters[0]: The plugin "marking" makes no filter');
});
