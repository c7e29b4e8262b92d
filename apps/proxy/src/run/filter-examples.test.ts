import type { FilterEnd, MemoryNetwork } from '@inband/core';
import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { chain, events, script, upperCase } from '../../../../docs/examples/filters.ts';
import { basic, get, running, startEcho } from '../../test-support/authenticated.ts';
import { address } from '../../test-support/memory/memory-http.ts';

const directed = [{ chainer: { type: 'directed', remote: '127.0.0.2:80' } }] as const;

/** A parent that notes the heads that it gets, and answers each. */
async function startParent(network: MemoryNetwork, heads: string[]) {
  return network.transport().listen(address('127.0.0.9', 3128), {}, (connection) => {
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
}

test("proxy-chain's prepareRequestFunction: each user goes by a parent of its own, requests and tunnels alike", async () => {
  const users = { ann: { password: 'one', parent: 'http://me:secret@127.0.0.9:3128' } };
  await running(
    {
      web: {
        mode: 'forward',
        access: [{ allow: { hosts: ['a.example'] } }],
        routes: [{ chainer: { type: 'inband' } }],
        filters: [{ type: 'chain', users }],
      },
    },
    async ({ network, ask }) => {
      const heads: string[] = [];
      const parent = await startParent(network, heads);
      const request = (login?: string) => get(login && basic(login), 'GET http://a.example/x HTTP/1.1');
      const connect = (login?: string) => get(login && basic(login), 'CONNECT a.example:443 HTTP/1.1');
      for (const askedBy of [request, connect]) {
        for (const login of [undefined, 'ann:two', 'bob:one', '__proto__:x']) {
          expect(
            await ask(
              askedBy(login).replace(
                'Host: 127.0.0.2',
                askedBy === request ? 'Host: a.example' : 'Host: a.example:443',
              ),
            ),
          ).toMatch(/^HTTP\/1\.1 407 [^]*Proxy-Authenticate: Basic realm="proxies"/i);
        }
        await ask(
          askedBy('ann:one').replace(
            'Host: 127.0.0.2',
            askedBy === request ? 'Host: a.example' : 'Host: a.example:443',
          ),
        );
      }
      await parent.close();
      expect(heads.map((head) => head.split('\r\n')[0])).toEqual([
        'GET http://a.example/x HTTP/1.1',
        'CONNECT a.example:443 HTTP/1.1',
      ]);
      for (const head of heads) {
        expect(head).toContain(`Proxy-Authorization: ${basic('me:secret')}\r\n`);
        expect(head).not.toContain(basic('ann:one'));
      }
    },
    {},
    { plugins: [chain] },
  );
});

test("http-proxy's events: a program hears of requests, answers and ends, and sets fields", async () => {
  const ends: FilterEnd[] = [];
  const filter = events({
    proxyReq: ({ path }) => ({ 'x-path': path }),
    proxyRes: ({ status, request }) => ({ 'x-was': `${request.method} ${status}` }),
    end: (end) => ends.push(end),
  });
  await running({ web: { mode: 'forward', routes: [...directed], filters: [filter] } }, async ({ network, ask }) => {
    const echo = await startEcho(network);
    const got = await ask(get());
    expect(got).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*x-was: GET 200\r\n/);
    expect(got).toContain('x-path: /\r\n');
    await echo.close();
    // Nobody listens any more.
    expect(await ask(get())).toMatch(/^HTTP\/1\.1 502 /);
  });
  expect(ends.map(({ status, error, verdict, bytes }) => [status, error, verdict, bytes.out > 0])).toEqual([
    [200, undefined, 'accepted', true],
    [502, 'connection_refused', 'connection-failed', false],
  ]);
});

test("mitmproxy's scripts: requests are blocked and mapped, and answers are searched", async () => {
  const logged = vi.fn();
  await running(
    {
      web: {
        mode: 'forward',
        routes: [...directed],
        filters: [
          {
            type: 'script',
            block: ['blocked.example'],
            mapRemote: { 'http://127.0.0.2/old/': 'http://127.0.0.2/new/' },
            replace: { 'x-words: cat': 'x-words: dog' },
          },
          { onResponse: ({ request }) => (request.path === '/loud' ? { body: upperCase } : undefined) },
          { onEnd: ({ what }) => logged(what.url) },
        ],
      },
    },
    async ({ network, ask }) => {
      const echo = await startEcho(network);
      const request = (path: string) =>
        get(undefined, `GET http://127.0.0.2${path} HTTP/1.1`).replace('\r\n\r\n', '\r\nX-Words: cat\r\n\r\n');
      const mapped = await ask(request('/old/page').replace('X-Words', 'x-words'));
      expect(mapped).toContain('GET /new/page HTTP/1.1\r\n');
      expect(mapped).toContain('x-words: dog');
      expect(mapped).toContain('accept-encoding: identity');
      expect(await ask(request('/loud'))).toContain('GET /LOUD HTTP/1.1\r\nHOST: 127.0.0.2\r\n');
      expect(
        await ask(get(undefined, 'GET http://blocked.example/ HTTP/1.1').replace('127.0.0.2', 'blocked.example')),
      ).toMatch(/^HTTP\/1\.1 418 [^]*This host is blocked\.\n$/);
      await echo.close();
    },
    {},
    { plugins: [script] },
  );
  expect(logged.mock.calls.flat()).toEqual([
    'http://127.0.0.2/old/page',
    'http://127.0.0.2/loud',
    'http://blocked.example/',
  ]);
});

test('the page shows them as they are', () => {
  const folder = new URL('../../../../docs/', import.meta.url);
  const page = readFileSync(new URL('plugins.md', folder), 'utf8');
  const lines = new Set(
    readFileSync(new URL('examples/filters.ts', folder), 'utf8')
      .split('\n')
      .map((line) => line.trim()),
  );
  const [, section = ''] = page.split('### What others do, here\n');
  const blocks = [...section.split('\n## ')[0]!.matchAll(/```ts\n([^]*?)```/g)].map(([, code = '']) => code);
  expect(blocks).toHaveLength(3);
  expect(
    blocks
      .flatMap((code) => code.split('\n'))
      .map((line) => line.trim())
      .filter((line) => !lines.has(line)),
  ).toEqual([]);
});
