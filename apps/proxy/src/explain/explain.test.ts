import { beforeAll, describe, expect, test } from 'vitest';
import { fixedNames } from '../../test-support/fixed-names.ts';
import { address } from '../../test-support/memory/memory-http.ts';
import { parseConfig } from '../config/parse-config.ts';
import type { ConfigInput } from '../config/input/config-input.ts';
import { explain } from './explain.ts';
import type { ExplainQuery } from './explain-query.ts';
import { type Explanation, formatExplanation } from './explanation.ts';

declare module '../index.ts' {
  interface ResolverKinds {
    fixed: object;
  }
}

/** Names that exist, and what they are; every other does not. */
const NAMES: Readonly<Record<string, string[]>> = {
  'public.example': ['8.8.8.8', '2606:4700::1111'],
  'inside.example': ['10.0.0.7'],
  'partner.example': ['9.9.9.9'],
};

const names = fixedNames(NAMES);

const PIN = `sha256/${'A'.repeat(43)}=`;
const config: ConfigInput = {
  plugins: [names],
  resolver: { type: 'fixed' },
  zones: {
    site: ['192.168.0.0/16'],
    dmz: { addresses: ['192.168.0.0/24'], parent: 'site' },
    partners: { hosts: ['partner.example'] },
  },
  listeners: [
    { bind: '127.0.0.1:3128', service: 'browser' },
    { bind: ':80', service: 'web' },
    { bind: ':3129', service: 'guard', transparent: 'redirect' },
    { bind: ':3130', service: 'guard', transparent: 'tproxy' },
    { bind: '127.0.0.1:3129', service: 'translated' },
    { bind: '127.0.0.1:1080', service: 'browser', accept: ['socks5', 'socks4a'] },
  ],
  services: {
    browser: {
      mode: 'forward',
      access: [{ deny: { servers: ['dmz'], reason: 'The DMZ is for operators.' } }],
      routes: [
        { match: { host: '*.intranet.example' }, chainer: { type: 'directed', remote: '192.168.0.2:80' } },
        { chainer: { type: 'inband' } },
      ],
    },
    guard: {
      mode: 'transparent',
      access: [{ deny: { servers: ['dmz'] } }],
      routes: [
        { match: { host: 'fixed.example' }, chainer: { type: 'directed', remote: '10.0.0.9:80' } },
        { match: { host: 'forced.example' }, chainer: { type: 'transparent', forcedPort: 8080 } },
        { chainer: { type: 'transparent' } },
      ],
    },
    web: {
      mode: 'reverse',
      routes: [
        { match: { path: '/api/' }, chainer: { type: 'failover', hosts: ['10.0.0.1:80', '10.0.0.2:80'] } },
        {
          match: { path: '/tls/' },
          chainer: { type: 'directed', remote: 'https://10.0.0.3', tls: { servername: 'web.example', pin: [PIN] } },
        },
        { match: { path: '/forged/' }, chainer: { type: 'directed', remote: '10.0.0.1:80', forgeAddr: true } },
      ],
    },
    translated: {
      mode: 'forward',
      access: [{ deny: { servers: ['192.168.7.66'] } }],
      nat: [
        { dnat: { servers: '203.0.113.0/24', network: '192.168.7.0/24' } },
        { snat: { servers: '192.168.7.0/24', to: '192.168.7.1' } },
      ],
      routes: [{ chainer: { type: 'inband' } }],
    },
  },
};

const SOURCE = { value: config, baseDirectory: '/' };
let parsed: Awaited<ReturnType<typeof parseConfig>>;

beforeAll(async () => {
  parsed = await parseConfig(SOURCE);
});

async function ask(url: string, query: Partial<ExplainQuery> = {}): Promise<Explanation> {
  return explain(parsed, SOURCE, { client: address('127.0.0.1', 40_000), listener: 0, method: 'GET', url, ...query });
}

describe('explain', () => {
  test('says allow, with route, chainer, server and rule', async () => {
    expect(await ask('http://public.example/')).toMatchObject({
      verdict: 'allow',
      service: 'browser',
      route: 'services.browser.routes[1]',
      chainer: 'inband',
      rule: 'default: allowed',
      error: undefined,
    });
  });

  test.each(['socks5', 'socks4a'] as const)('explains a tunnel by %s as one by CONNECT', async (socks) => {
    const tunnel = { method: 'CONNECT', url: 'public.example:443' };
    const explained = await ask(tunnel.url, { ...tunnel, socks, listener: 5 });
    expect(explained).toEqual(await ask(tunnel.url, tunnel));
    expect(explained).toMatchObject({
      verdict: 'allow',
      steps: expect.arrayContaining([{ name: 'connect', outcome: 'passes' }]),
    });
    const denied = await ask('inside.example:25', {
      method: 'CONNECT',
      socks,
      listener: 5,
      client: address('192.168.7.7', 1),
    });
    expect(denied).toMatchObject({ verdict: 'deny', rule: 'services.browser.http.connectPorts', status: 403 });
  });

  test('says that a listener does not speak what is asked for', async () => {
    const socks = await ask('public.example:443', { method: 'CONNECT', socks: 'socks5' });
    expect(socks).toMatchObject({ verdict: 'deny', reason: expect.stringContaining('does not accept socks5') });
    const http = await ask('http://public.example/', { listener: 5 });
    expect(http).toMatchObject({
      verdict: 'deny',
      reason: expect.stringContaining('ask about socks5:// or socks4a://'),
    });
  });

  test('evaluates every address of a name', async () => {
    const { servers } = await ask('http://public.example/');
    expect(servers.map((server) => server.address).toSorted()).toEqual(['8.8.8.8:80', '[2606:4700::1111]:80']);
  });

  test('evaluates every server that a failover chainer would try', async () => {
    const explanation = await ask('http://shop.example/api/x?y', { listener: 1 });
    expect(explanation.servers.map((server) => server.address)).toEqual(['10.0.0.1:80', '10.0.0.2:80']);
    expect(explanation).toMatchObject({ verdict: 'allow', rule: 'default: servers that the operator chose' });
  });

  test('says deny for https:// on a listener that speaks no TLS, and what to ask instead', async () => {
    for (const listener of [1, 2]) {
      expect(await ask('https://192.0.2.1/api/', { listener })).toMatchObject({
        verdict: 'deny',
        reason: expect.stringMatching(/^The listener .* speaks plain HTTP.* ask about http:\/\/\.$/),
        error: 'http_request_error',
        status: 400,
        servers: [],
      });
    }
  });

  test('says what is verified of a server over TLS', async () => {
    const explanation = await ask('http://shop.example/tls/', { listener: 1 });
    expect(explanation.servers).toMatchObject([
      { address: '10.0.0.3:443', tls: { certifiedFor: 'web.example', sentName: 'web.example', pins: [PIN] } },
    ]);
    expect(formatExplanation(explanation)).toContain(
      `over TLS: certified for web.example by the authorities of Node, key ${PIN}, SNI web.example, version 1.2 or later: allow`,
    );
  });

  test('says deny, with the rule and its reason', async () => {
    expect(await ask('http://a.intranet.example/')).toMatchObject({
      verdict: 'deny',
      rule: 'services.browser.access[0]',
      reason: 'The DMZ is for operators.',
      error: 'destination_ip_prohibited',
      status: 403,
      servers: [{ address: '192.168.0.2:80', verdict: 'deny' }],
    });
  });

  test('evaluates by the client that is asked about', async () => {
    const client = address('10.0.0.9', 40_000);
    expect(await ask('http://inside.example/', { client })).toMatchObject({ verdict: 'allow' });
    expect(await ask('http://127.0.0.1:9/', { client })).toMatchObject({
      verdict: 'deny',
      rule: 'default: a client never reaches an address more private than its own',
    });
    expect(await ask('http://public.example/', { client: address('8.8.4.4', 40_000) })).toMatchObject({
      verdict: 'deny',
      rule: 'default: clients of a forward proxy',
      servers: [],
    });
  });

  test('names the zones of both ends, those by names included', async () => {
    const client = address('192.168.7.7', 40_000);
    expect(await ask('http://9.9.9.9/', { client })).toMatchObject({
      client: '192.168.7.7:40000',
      clientZones: ['site', 'private'],
      servers: [{ address: '9.9.9.9:80', zones: ['partners', 'public'], verdict: 'allow' }],
    });
    expect(await ask('http://10.0.0.7/', { client: address('2002:a00:1::1', 40_000) })).toMatchObject({
      // As it stands: whatever address a client writes into its own puts it nowhere else.
      clientZones: ['public'],
    });
  });

  test('knows the ports that CONNECT may go to', async () => {
    const client = address('10.0.0.9', 40_000);
    expect(await ask('public.example:25', { method: 'CONNECT', client })).toMatchObject({
      verdict: 'deny',
      rule: 'services.browser.http.connectPorts',
    });
    // A client on this machine could connect there without the proxy.
    expect(await ask('public.example:25', { method: 'CONNECT' })).toMatchObject({ verdict: 'allow' });
    expect(await ask('public.example:443', { method: 'CONNECT' })).toMatchObject({ verdict: 'allow' });
  });

  test('notices a loop', async () => {
    expect(await ask('http://127.0.0.1:3128/')).toMatchObject({ verdict: 'deny', error: 'proxy_loop_detected' });
    // Another service's listener, and one on all addresses.
    expect(await ask('http://127.0.0.1:3129/')).toMatchObject({ verdict: 'deny', error: 'proxy_loop_detected' });
    expect(await ask('http://127.0.0.9/')).toMatchObject({ verdict: 'deny', error: 'proxy_loop_detected' });
  });

  test('says that it depends when the name cannot be resolved', async () => {
    const { verdict, reason, servers } = await ask('http://nowhere.example/');
    expect({ verdict, servers }).toEqual({ verdict: 'depends', servers: [] });
    expect(reason).toContain('could not be resolved');
  });

  describe.each([
    ['redirect', 2],
    ['tproxy', 3],
  ])('of an intercepted client (%s)', (_name, listener) => {
    const client = address('10.0.0.9', 40_000);
    const destination = address('10.0.0.7', 80);

    test('takes where it was going from the question, not from the name', async () => {
      expect(await ask('http://public.example/', { client, listener, destination })).toMatchObject({
        verdict: 'allow',
        destination: '10.0.0.7:80',
        servers: [{ address: '10.0.0.7:80', verdict: 'allow' }],
      });
    });

    test('takes the address in the URL without one', async () => {
      const { servers } = await ask('http://10.0.0.7:81/', { client, listener });
      expect(servers).toMatchObject([{ address: '10.0.0.7:81' }]);
      const six = await ask('http://[fd00::7]/', { client, listener });
      expect(six.servers).toMatchObject([{ address: '[fd00::7]:80' }]);
    });

    test('says that it depends, and on what, when there is only a name', async () => {
      const { verdict, reason, destination: going } = await ask('http://public.example/', { client, listener });
      expect({ verdict, going }).toEqual({ verdict: 'depends', going: undefined });
      expect(reason).toContain('--destination');
    });

    test('needs no destination where the operator chose the server', async () => {
      expect(await ask('http://fixed.example/', { client, listener })).toMatchObject({
        verdict: 'allow',
        servers: [{ address: '10.0.0.9:80' }],
      });
    });

    test('evaluates the final address', async () => {
      expect(await ask('http://forced.example/', { client, listener, destination })).toMatchObject({
        servers: [{ address: '10.0.0.7:8080' }],
      });
      const dmz = address('192.168.0.7', 80);
      expect(await ask('http://10.0.0.7/', { client, listener, destination: dmz })).toMatchObject({
        verdict: 'deny',
        rule: 'services.guard.access[0]',
      });
    });

    test('notices a client that was going to the listener', async () => {
      const own = address('127.0.0.1', listener === 2 ? 3129 : 3130);
      const local = address('127.0.0.1', 40_000);
      expect(await ask('http://a.example/', { client: local, listener, destination: own })).toMatchObject({
        verdict: 'deny',
        error: 'proxy_loop_detected',
      });
    });
  });

  test('says that no route matches', async () => {
    expect(await ask('http://shop.example/', { listener: 1 })).toMatchObject({
      verdict: 'deny',
      route: undefined,
      error: 'destination_not_found',
      status: 404,
    });
  });
});

describe('of a service that translates addresses', () => {
  test('says what the server was before, by which rule, and where the connection comes from', async () => {
    const { servers, verdict } = await ask('http://203.0.113.9/', { listener: 4 });
    expect({ servers, verdict }).toEqual({
      verdict: 'allow',
      servers: [
        {
          address: '192.168.7.9:80',
          zones: ['site', 'private'],
          translatedFrom: '203.0.113.9:80',
          translatedBy: 'services.translated.nat[0]',
          from: '192.168.7.1:0',
          verdict: 'allow',
          rule: 'default: servers that the operator chose',
          reason: expect.any(String),
        },
      ],
    });
  });

  test('evaluates the address that it becomes', async () => {
    expect(await ask('http://203.0.113.66/', { listener: 4 })).toMatchObject({
      verdict: 'deny',
      rule: 'services.translated.access[0]',
      servers: [{ address: '192.168.7.66:80', translatedFrom: '203.0.113.66:80' }],
    });
  });

  test('leaves out what does not change', async () => {
    const { servers } = await ask('http://inside.example/', { listener: 4 });
    expect(servers).toMatchObject([{ address: '10.0.0.7:80' }]);
    expect(servers[0]).not.toHaveProperty('translatedFrom');
    expect(servers[0]).not.toHaveProperty('from');
  });

  test('formatExplanation says it in a line', async () => {
    expect(formatExplanation(await ask('http://203.0.113.9/', { listener: 4 })).split('\n')).toContain(
      'server:  192.168.7.9:80 in site, private (from 203.0.113.9:80 by services.translated.nat[0]), out of 192.168.7.1: allow (default: servers that the operator chose)',
    );
  });
});

test('a forged address is explained wherever it is asked', async () => {
  const client = address('10.0.0.9', 40_000);
  const { servers, verdict } = await ask('http://shop.example/forged/', { listener: 1, client });
  expect(verdict).toBe('allow');
  expect(servers).toMatchObject([{ address: '10.0.0.1:80', from: '10.0.0.9:0' }]);
});

test('formatExplanation puts one fact on a line', async () => {
  expect(formatExplanation(await ask('http://a.intranet.example/')).split('\n')).toEqual([
    'verdict: deny',
    'rule:    services.browser.access[0]',
    'reason:  The DMZ is for operators.',
    'error:   destination_ip_prohibited, status 403',
    'client:  127.0.0.1:40000 in loopback',
    'service: browser',
    'steps:   addressee, connect-ports, admit, route, reuse, check-body, connect refuses',
    'route:   services.browser.routes[0]',
    'chainer: directed',
    'server:  192.168.0.2:80 in dmz, site, private: deny (services.browser.access[0])',
  ]);
});

describe('a service that is stacked in another', () => {
  const stacked: ConfigInput = {
    ...config,
    listeners: config.listeners.slice(0, 2),
    services: {
      browser: {
        mode: 'forward',
        routes: [
          { chainer: { type: 'sidestack', service: 'inside', chainer: { type: 'directed', remote: '10.0.0.1:80' } } },
        ],
      },
      web: { proxy: 'tls', routes: [{ chainer: { type: 'directed', remote: '10.0.0.1:443' } }] },
      inside: { mode: 'transparent' },
    },
  };
  const source = { value: stacked, baseDirectory: '/' };
  const query = { client: address('127.0.0.1', 40_000), method: 'CONNECT', url: 'public.example:80' };

  test('is named, and the server that the nested chainer would connect to is evaluated', async () => {
    const explanation = await explain(await parseConfig(source), source, { ...query, listener: 0 });
    expect(explanation).toMatchObject({ verdict: 'allow', chainer: 'sidestack', through: ['inside'] });
    expect(explanation.servers).toMatchObject([{ address: '10.0.0.1:80', verdict: 'allow' }]);
    expect(formatExplanation(explanation)).toContain('through: inside, by its own rules');
  });

  test('and guards TLS cannot be asked about URLs', async () => {
    const asked = explain(await parseConfig(source), source, { ...query, listener: 1 });
    await expect(asked).rejects.toThrow(
      'The service "web" is a TLS guard; only HTTP services can be explained. The log says why a tunnel was refused.',
    );
  });
});
