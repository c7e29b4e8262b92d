import type { ChainerInput, ConfigInput } from 'inband';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProgram } from '../e2e/program.ts';
import { describeRequiring } from '../support/requires.ts';
import { documented } from './documented.ts';
import { LAB_NEEDS, NetnsLab } from './lab.ts';
import type { Namespace } from './namespace.ts';
import type { Seen } from './protocol.ts';

const FORGING = '`forgeAddr`';

/** A service for each way to a server, each behind a port of its own on every address of the gateway. */
const CHAINERS = {
  8001: { type: 'directed', remote: '10.71.2.10:80', forgeAddr: true },
  8002: { type: 'directed', remote: '[fd71:2::10]:80', forgeAddr: true },
  8003: { type: 'failover', hosts: ['10.71.2.10:80', '[fd71:3::10]:80'], forgeAddr: true },
  8004: { type: 'inband', forgeAddr: true },
  8005: { type: 'transparent', forgeAddr: true },
} as const satisfies Readonly<Record<number, ChainerInput>>;

function configuration(): ConfigInput {
  const ways = Object.entries(CHAINERS);
  const services = ways.map(([port, chainer]): [string, ConfigInput['services'][string]] => {
    const mode = chainer.type === 'transparent' ? 'transparent' : chainer.type === 'inband' ? 'forward' : 'reverse';
    return [`way${port}`, { mode, routes: [{ chainer }] }];
  });
  return {
    listeners: ways.map(([port, { type }]) => {
      return { bind: `:${port}`, service: `way${port}`, ...(type === 'transparent' && { transparent: 'redirect' }) };
    }),
    services: Object.fromEntries(services),
  };
}

const addressOf = (peer: string): string => peer.replace(/:\d+$/, '').replace(/[[\]]/g, '');

describeRequiring(LAB_NEEDS, 'forged addresses', () => {
  let lab: NetnsLab;

  beforeAll(async () => {
    lab = await NetnsLab.create();
    // What the documentation says is what is needed.
    await lab.gateway.run(['sh', '-e'], documented('address-translation.md', FORGING, 'sh'));
    await lab.gateway.nft(documented('address-translation.md', FORGING, 'nft'));
    await lab.gateway.nft(
      'table inet redirected {\nchain prerouting {\ntype nat hook prerouting priority dstnat\niifname "clients" tcp dport 80 redirect to :8005\n}\n}',
    );
    await lab.inband(configuration());
    await lab.server1.serve(81);
    await lab.server1.serve(82);
    await lab.server1.serve(7, 'echo');
  });
  afterAll(() => lab?.close());

  const ask = (way: number, from: string, path?: string): Promise<Seen> => {
    const to = from.includes(':') ? `[fd71:1::1]:${way}` : `10.71.1.1:${way}`;
    return lab.client.ask({ to, from, ...(path !== undefined && { path, host: new URL(path).host }) });
  };

  test.each([
    ['directed', 8001, '10.71.1.10', 'server1'],
    ['directed', 8001, '10.71.1.11', 'server1'],
    ['directed', 8002, 'fd71:1::10', 'server1'],
    ['directed', 8002, 'fd71:1::11', 'server1'],
    ['failover', 8003, '10.71.1.10', 'server1'],
    ['failover', 8003, 'fd71:1::10', 'server2'],
  ] as const)('%s (port %i): the server sees the client %s', async (_type, way, from, server) => {
    const seen = await ask(way, from);
    expect(seen.server).toBe(server);
    expect(addressOf(seen.peer)).toBe(from);
  });

  test.each([
    ['10.71.1.10', 'http://10.71.3.10/', 'server2'],
    ['fd71:1::11', 'http://[fd71:3::10]/', 'server2'],
  ])('inband: the server sees the client %s', async (from, url, server) => {
    const seen = await ask(8004, from, url);
    expect(seen.server).toBe(server);
    expect(addressOf(seen.peer)).toBe(from);
  });

  test.each([
    ['10.71.1.11', '10.71.3.10:80'],
    ['fd71:1::10', '[fd71:3::10]:80'],
  ])('transparent: neither %s nor the server it asks sees the proxy', async (from, to) => {
    const seen = await lab.client.ask({ from, to });
    expect(seen).toMatchObject({ server: 'server2', local: to, headers: { via: expect.stringContaining('inband') } });
    expect(addressOf(seen.peer)).toBe(from);
  });

  test.each([
    ['10.71.1.10', '[fd71:3::10]:80'],
    ['fd71:1::10', '10.71.3.10:80'],
  ])('a client %s is not connected to %s, of another family, and told so', async (from, server) => {
    const to = from.includes(':') ? '[fd71:1::1]:8004' : '10.71.1.1:8004';
    const headers = { accept: 'application/problem+json' };
    const answer = await lab.client.fetch({ to, from, path: `http://${server}/`, host: server, headers });
    expect(answer.status).toBe(502);
    const problem: unknown = JSON.parse(answer.body);
    expect(problem).toMatchObject({
      error: 'destination_ip_unroutable',
      detail: `${server} cannot be reached from ${from}, the client's address, which is of another family.`,
    });
    // Its place in the configuration is for clients on this machine.
    expect(problem).not.toHaveProperty('setting');
  });

  test.each([
    ['10.71.1.1', ['10.71.1.10', '10.71.1.11'], '10.71.2.10', 81],
    ['[fd71:1::1]', ['fd71:1::10', 'fd71:1::11'], '[fd71:2::10]', 82],
  ] as const)(
    'with keep-alive, a connection to the server carries requests of one client only: %s',
    async (host, clients, server, port) => {
      const before = await requestsTo(lab.server1, port);
      // Every call into the system is checked twice.
      const within = lab.gateway.inside('env', 'INBAND_EPOLL_CHECK=1');
      const program = await startProgram(
        lab,
        {
          transport: 'epoll',
          listeners: [{ bind: `${host}:0`, service: 'web' }],
          services: {
            web: {
              mode: 'reverse',
              routes: [{ chainer: { type: 'directed', remote: `${server}:${port}`, forgeAddr: true } }],
            },
          },
        },
        within,
      );
      const to = `${host}:${program.port}`;
      // Turn by turn, over connections that stay and over new ones: the pool is full of the other's connection each time.
      for (let turn = 0; turn < 6; turn++) {
        for (const from of clients) {
          await lab.client.ask({
            to,
            from,
            headers: { 'x-client': from },
            ...(turn % 2 === 0 && { keepAlive: 'yes' }),
          });
        }
      }
      // And both at once.
      const rush = Array.from({ length: 40 }, (_, index) => clients[index % 2]!);
      await Promise.all(rush.map((from) => lab.client.ask({ to, from, headers: { 'x-client': from } })));
      const requests = (await requestsTo(lab.server1, port)).slice(before.length);
      expect(requests).toHaveLength(52);
      for (const { peer, headers } of requests) expect(addressOf(peer)).toBe(headers['x-client']);
      // One after another they needed fewer connections than requests: a client connection that is kept has one of its own, and
      // one that is new gets what has been quiet for a moment.
      const used = new Set(requests.slice(0, 12).map(({ peer }) => peer)).size;
      expect(used).toBeGreaterThanOrEqual(2);
      expect(used).toBeLessThan(12);
    },
  );

  test('one client has more connections at once than it would have with one port', async () => {
    const before = await lab.server1.soFar();
    const program = await lab.inbandOfTest({
      listeners: [{ bind: '10.71.1.1:0', service: 'tunnels' }],
      services: {
        tunnels: {
          mode: 'forward',
          http: { connectPorts: [7] },
          routes: [{ chainer: { type: 'inband', forgeAddr: true } }],
        },
      },
    });
    const wires = await Promise.all(
      Array.from({ length: 20 }, () => lab.client.open(`10.71.1.1:${program.port}`, '10.71.1.10')),
    );
    await Promise.all(
      wires.map(async (wire, index) => {
        await wire.sendHead('CONNECT 10.71.2.10:7 HTTP/1.1', 'Host: 10.71.2.10:7');
        await wire.until('\r\n\r\n');
        await wire.send(`bytes of ${index};`);
        expect(await wire.until(`bytes of ${index};`)).toMatch(/^HTTP\/1\.1 200 /);
      }),
    );
    const peers = (await lab.server1.soFar())
      .slice(before.length)
      .flatMap((event) => (event.type === 'connection' && event.port === 7 ? [event.peer] : []));
    expect(new Set(peers).size).toBe(20);
    expect(peers.every((peer) => peer.startsWith('10.71.1.10:'))).toBe(true);
    await Promise.all(wires.map((wire) => wire.finish()));
  });
});

describeRequiring(LAB_NEEDS, 'forged addresses behind a tproxy listener', () => {
  let lab: NetnsLab;

  beforeAll(async () => {
    lab = await NetnsLab.create();
    // The rules of that page suffice.
    await lab.gateway.run(['sh', '-e'], documented('transparent.md', 'TPROXY', 'sh'));
    await lab.gateway.nft(documented('transparent.md', 'TPROXY', 'nft'));
    await lab.inband({
      listeners: [{ bind: ':3130', service: 'guard', transparent: 'tproxy' }],
      services: { guard: { mode: 'transparent', routes: [{ chainer: { type: 'transparent', forgeAddr: true } }] } },
    });
  });
  afterAll(() => lab?.close());

  test.each([
    ['10.71.1.10', '10.71.2.10:80'],
    ['10.71.1.11', '10.71.3.10:80'],
    ['fd71:1::10', '[fd71:2::10]:80'],
    ['fd71:1::11', '[fd71:3::10]:80'],
  ])('neither %s nor the server at %s sees the proxy, request after request', async (from, to) => {
    const { peer, local } = await lab.client.ask({ from, to, keepAlive: 'yes' });
    expect({ peer: addressOf(peer), local }).toEqual({ peer: from, local: to });
    expect(await lab.client.ask({ from, to, keepAlive: 'yes' })).toMatchObject({ peer, local });
  });
});

async function requestsTo(server: Namespace, port: number): Promise<Seen[]> {
  return (await server.soFar()).flatMap((event) =>
    event.type === 'request' && event.port === port ? [event.seen] : [],
  );
}
