import {
  createMemoryNetwork,
  definePlugin,
  type MemoryNetwork,
  ProxyError,
  type SessionRecord,
  stackProxy,
} from '@inband/core';
import { nestedChainer } from '@inband/chainers';
import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { address, connect, exchange, startOrigin } from '../../test-support/memory/memory-http.ts';
import { parseText } from '../config/read/locate.ts';
import type { ConfigInput } from '../config/input/config-input.ts';
import { createInband } from '../single/inband.ts';

declare module '../index.ts' {
  interface ChainerKinds {
    'half-guarded': { service: string; chainers: { type: string }[] };
    asking: object;
  }
  interface ResolverKinds {
    fixed: object;
  }
}

const page = readFileSync(new URL('../../../../docs/stacking.md', import.meta.url), 'utf8');
const proxy = address('127.0.0.1', 3128);
const origin = address('8.8.8.8', 80);

/** Every name of the tests is the one address that there is. */
const names = definePlugin<object>({
  provides: 'resolver',
  kind: 'fixed',
  schema: z.strictObject({}),
  create: () => ({ resolve: async () => ({ addresses: [{ family: 'inet' as const, address: '8.8.8.8' }] }) }),
});

/** A configuration out of the page, by the name in its first line. */
function documented(name: string): ConfigInput {
  const [, text] = new RegExp(`^\`\`\`yaml\\n# ${name}\\n([^]*?)^\`\`\``, 'm').exec(page) ?? [];
  const { value, syntaxErrors } = parseText(text ?? '', 'yaml');
  expect(syntaxErrors).toEqual([]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- createInband validates it like any other
  return { ...(value as ConfigInput), resolver: { type: 'fixed' }, plugins: [names] };
}

/** Runs a configuration on a network in memory; afterwards nothing of it may be open. */
async function running(config: ConfigInput, body: (network: MemoryNetwork, records: SessionRecord[]) => Promise<void>) {
  const network = createMemoryNetwork();
  const records: SessionRecord[] = [];
  const inband = await createInband(config, {
    transport: network.transport(),
    onSession: (record) => records.push(record),
  });
  await body(network, records);
  await inband.close({ grace: 1_000 });
  await vi.waitUntil(() => network.open === 0, { interval: 1, timeout: 10_000 });
}

const open = 'CONNECT shop.example:80 HTTP/1.1\r\nHost: shop.example:80\r\n\r\n';
const get = (host: string, method = 'GET'): string =>
  `${method} / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;

describe('the documented inner HTTP service', () => {
  test.each([
    ['what is allowed', get('shop.example'), /HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nshop$/],
    ['a denied host', get('x.ads.example'), /HTTP\/1\.1 403 [^]*No advertisements\./],
    ['a denied method', get('shop.example', 'DELETE'), /HTTP\/1\.1 403 [^]*Reading only\./],
    ['what is not HTTP', 'SSH-2.0-OpenSSH\r\n', /HTTP\/1\.1 400 /],
  ])('answers %s inside the tunnel', async (_what, request, answer) => {
    await running(documented('inner-http.yaml'), async (network, records) => {
      const server = await startOrigin(network, origin, 'shop');
      const received = await exchange(network, '127.0.0.1', proxy, open + request);
      expect(received).toMatch(/^HTTP\/1\.1 200 Connection established\r\n/);
      expect(received.slice(received.indexOf('\r\n\r\n') + 4)).toMatch(answer);
      expect(records.map(({ session }) => session.service.name)).toEqual(['in-tunnels', 'browsers']);
      await server.close();
    });
  });

  test('leaves everything else to the outer one', async () => {
    await running(documented('inner-http.yaml'), async (network, records) => {
      const server = await startOrigin(network, origin, 'shop');
      const request = 'DELETE http://shop.example/ HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n';
      expect(await exchange(network, '127.0.0.1', proxy, request)).toMatch(/^HTTP\/1\.1 200 /);
      expect(records.map(({ session }) => session.service.name)).toEqual(['browsers']);
      await server.close();
    });
  });
});

test('requests may be stacked as tunnels are, with another name in Via', async () => {
  const config = (via: string): ConfigInput => ({
    ...documented('inner-http.yaml'),
    services: {
      browsers: {
        mode: 'forward',
        http: { via: 'inband' },
        routes: [{ chainer: { type: 'sidestack', service: 'inner', chainer: { type: 'inband' } } }],
      },
      inner: { mode: 'transparent', http: { via }, access: [{ deny: { hosts: 'evil.example' } }] },
    },
  });
  const ask = (host: string): string => `GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  await running(config('inner'), async (network, records) => {
    const server = await startOrigin(network, origin, 'shop');
    expect(await exchange(network, '127.0.0.1', proxy, ask('shop.example'))).toMatch(
      /^HTTP\/1\.1 200 [^]*\r\n\r\nshop$/,
    );
    expect(await exchange(network, '127.0.0.1', proxy, ask('evil.example'))).toMatch(/^HTTP\/1\.1 403 /);
    expect(records.map(({ session }) => session.service.name)).toEqual(['inner', 'browsers', 'inner', 'browsers']);
    await server.close();
  });
  await running(config('inband'), async (network) => {
    const server = await startOrigin(network, origin, 'shop');
    expect(await exchange(network, '127.0.0.1', proxy, ask('shop.example'))).toMatch(/^HTTP\/1\.1 508 /);
    await server.close();
  });
});

/** A ClientHello for `name`, as small as can be. */
function hello(name: string): string {
  const bytes = (length: number, size: number): string =>
    Array.from({ length: size }, (_, index) => String.fromCharCode((length >> (8 * (size - 1 - index))) & 255)).join(
      '',
    );
  const vector = (size: number, content: string): string => bytes(content.length, size) + content;
  const serverName = `\0\0${vector(2, vector(2, `\0${vector(2, name)}`))}`;
  const body = `\x03\x03${'r'.repeat(32)}${vector(1, '')}${vector(2, '\x13\x01')}${vector(1, '\0')}${vector(2, serverName)}`;
  return `\x16\x03\x01${vector(2, `\x01${vector(3, body)}`)}`;
}

describe('the documented TLS guard', () => {
  const tunnel = (text: string): string => 'CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n\r\n' + text;

  test.each([
    ['the host of the tunnel', 'shop.example', true],
    ['a name on the allow list', 'a.cdn.example', true],
    ['another name', 'evil.example', false],
  ])('with a ClientHello for %s: %s', async (_what, name, goesOn) => {
    await running(documented('tls-guard.yaml'), async (network, records) => {
      let received = '';
      const server = await network.transport().listen(address('8.8.8.8', 443), {}, (connection) => {
        connection.handler = {
          data(bytes, start, end) {
            received += bytes.toString('latin1', start, end);
            connection.write(Buffer.from('server hello'));
            connection.end();
          },
          drained() {},
          ended: () => connection.end(),
          closed() {},
        };
        connection.resume();
      });
      const answer = await exchange(network, '127.0.0.1', proxy, tunnel(hello(name)));
      expect(answer.endsWith('server hello')).toBe(goesOn);
      expect(received).toBe(goesOn ? hello(name) : '');
      const guarded = records.find(({ session }) => session.service.name === 'only-tls');
      expect(guarded?.error?.code).toBe(goesOn ? undefined : 'http_request_denied');
      await server.close();
    });
  });
});

describe('a chainer of a third party', () => {
  /** As in docs/plugins.md. */
  const halfGuarded = definePlugin<{ service: string; chainers: unknown[] }>({
    provides: 'chainer',
    kind: 'half-guarded',
    schema: z.strictObject({ service: z.string(), chainers: z.array(nestedChainer).length(2) }),
    nested: ['chainers'],
    stacks: ['service'],
    create({ service }, deps) {
      const [guarded, free] = [deps.nestedChainer('chainers', 0), deps.nestedChainer('chainers', 1)];
      return {
        kind: 'half-guarded',
        async connectServer(session, host, port) {
          if (port !== 80) return free.connectServer(session, host, port);
          const server = await guarded.connectServer(session, host, port);
          return stackProxy(deps.proxies.get(service)!, session, server);
        },
      };
    },
  });

  const withChainers = (...chainers: { type: string }[]): ConfigInput => ({
    plugins: [halfGuarded, broken],
    listeners: [{ bind: '127.0.0.1:3128', service: 'outer' }],
    services: {
      outer: { mode: 'forward', routes: [{ chainer: { type: 'half-guarded', service: 'inner', chainers } }] },
      inner: { mode: 'transparent' },
    },
  });

  const broken = definePlugin<object>({
    provides: 'chainer',
    kind: 'broken',
    schema: z.strictObject({}),
    create() {
      throw new ProxyError('proxy_configuration_error', 'This system cannot do that.');
    },
  });

  test('nests chainers and stacks services like a built-in one', async () => {
    const remote = { type: 'directed', remote: '8.8.8.8:80' };
    await running(withChainers(remote, remote), async (network, records) => {
      const server = await startOrigin(network, origin, 'shop');
      expect(await exchange(network, '127.0.0.1', proxy, open + get('shop.example'))).toMatch(/shop$/);
      const elsewhere = open.replaceAll(':80', ':443');
      expect(await exchange(network, '127.0.0.1', proxy, elsewhere + get('shop.example'))).toMatch(/shop$/);
      expect(records.map(({ session }) => session.service.name)).toEqual(['inner', 'outer', 'outer']);
      await server.close();
    });
  });

  test('whose nested one cannot be made is an error of the nested one, in its place, said once', async () => {
    const config = withChainers({ type: 'inband' }, { type: 'broken' });
    const started = createInband(config, { transport: createMemoryNetwork().transport() });
    await expect(started).rejects.toMatchObject({
      problems: ['services.outer.routes[0].chainer.chainers[1]: This system cannot do that.'],
    });
  });

  test('that asks for a chainer at another option hears so', async () => {
    const asking = definePlugin<object>({
      provides: 'chainer',
      kind: 'asking',
      schema: z.strictObject({}),
      create: (_options, deps) => deps.nestedChainer('chainer'),
    });
    const started = createInband(
      {
        plugins: [asking],
        listeners: [{ bind: '127.0.0.1:3128', service: 'outer' }],
        services: { outer: { mode: 'forward', routes: [{ chainer: { type: 'asking' } }] } },
      },
      { transport: createMemoryNetwork().transport() },
    );
    await expect(started).rejects.toThrow('"asking" has no chainer nested at services.outer.routes[0].chainer.chainer');
  });
});

test('no tunnel is opened inside one: it would carry anything to a server that nobody asked', async () => {
  const config = documented('inner-http.yaml');
  const services = { ...config.services, 'in-tunnels': { mode: 'forward' as const } };
  await running({ ...config, services }, async (network, records) => {
    const server = await startOrigin(network, origin, 'shop');
    const inside = 'CONNECT bank.example:443 HTTP/1.1\r\nHost: bank.example:443\r\n\r\nanything\r\n\r\n';
    const received = await exchange(network, '127.0.0.1', proxy, open + inside);
    expect(received).toMatch(/^HTTP\/1\.1 200 [^]*?\r\n\r\nHTTP\/1\.1 403 /);
    expect(records[0]?.error).toMatchObject({ code: 'http_request_denied' });
    await server.close();
  });
});

test('an allow list with an address is refused, in place', async () => {
  const config = documented('tls-guard.yaml');
  const services = {
    ...config.services,
    'only-tls': { proxy: 'tls' as const, tls: { allow: ['a.example', '192.0.2.1'] } },
  };
  const started = createInband({ ...config, services }, { transport: createMemoryNetwork().transport() });
  await expect(started).rejects.toThrow('services.only-tls.tls.allow[1]: "192.0.2.1" is an address; expected a name.');
});

test('a tunnel whose client is gone before its server is connected starts no inner session', async () => {
  await running(documented('inner-http.yaml'), async (network, records) => {
    network.blackhole(origin);
    const connection = await connect(network, '127.0.0.1', proxy);
    connection.write(Buffer.from(open));
    while (network.dialled.length < 2) await new Promise((resolve) => setImmediate(resolve));
    connection.destroy(new Error('gone'));
    while (records.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(records).toMatchObject([{ aborted: true, session: { service: { name: 'browsers' } } }]);
  });
});
