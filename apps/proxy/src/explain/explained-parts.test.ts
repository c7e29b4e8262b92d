import { createMemoryNetwork } from '@inband/core';
import { expect, onTestFinished, test } from 'vitest';
import { address, exchange, startOrigin } from '../../test-support/memory/memory-http.ts';
import { parseConfig } from '../config/parse-config.ts';
import { silentLogger } from '../log/logging.ts';
import { startInband } from '../run/start.ts';
import { explain } from './explain.ts';
import type { ExplainQuery } from './explain-query.ts';

const config = {
  zones: { office: ['192.168.0.0/16'] },
  listeners: [
    { bind: '127.0.0.1:8080', service: 'web' },
    { bind: '127.0.0.1:3128', service: 'browsers' },
    { bind: '127.0.0.1:3129', service: 'stacked' },
  ],
  services: {
    web: {
      mode: 'reverse',
      routes: [
        { match: { path: '/api/' }, chainer: { type: 'failover', hosts: ['198.51.100.1:80', '198.51.100.2:80'] } },
        { match: { method: 'GET' }, chainer: { type: 'directed', remote: '198.51.100.1:80' } },
      ],
    },
    browsers: {
      mode: 'forward',
      access: [{ deny: { clients: 'office', hosts: ['bad.example'], reason: 'It is bad.' } }],
      nat: [{ dnat: { servers: '203.0.113.0/24', network: '192.168.7.0/24' } }],
      routes: [{ chainer: { type: 'inband' } }],
    },
    stacked: {
      mode: 'forward',
      routes: [{ chainer: { type: 'sidestack', service: 'inner', chainer: { type: 'inband' } } }],
    },
    inner: { mode: 'transparent', proxy: 'tls', routes: [{ chainer: { type: 'none' } }] },
  },
};

const asked: Partial<ExplainQuery>[] = [
  { listener: 0, url: 'http://shop.example/api/x' },
  { listener: 0, url: 'http://shop.example/x' },
  { listener: 0, url: 'http://shop.example/x', method: 'POST' },
  { listener: 0, url: 'http://shop.example/%u0041pi' },
  { listener: 1, url: 'http://8.8.8.8/' },
  { listener: 1, url: 'http://203.0.113.9/' },
  { listener: 1, url: 'http://bad.example/', client: address('192.168.1.5', 4000) },
  { listener: 1, url: 'http://127.0.0.1/', client: address('192.168.1.5', 4000) },
  { listener: 1, url: '8.8.8.8:25', method: 'CONNECT', client: address('192.168.1.5', 4000) },
  { listener: 2, url: '8.8.8.8:443', method: 'CONNECT' },
];

test('what is said of the parts in use is what is said of the configuration, and the parts go on', async () => {
  const network = createMemoryNetwork();
  const origin = await startOrigin(network, address('198.51.100.1', 80), 'origin');
  onTestFinished(() => origin.close());
  const source = { value: config, baseDirectory: '/' };
  const parsed = await parseConfig(source);
  const running = await startInband(parsed, source, {
    logger: silentLogger,
    onSession: undefined,
    transport: network.transport(),
    prepareLog: () => ({ commit: () => undefined, abandon: () => undefined }),
  });
  onTestFinished(() => running.close({ grace: 0 }));
  for (const one of asked) {
    const query = { client: address('127.0.0.1', 4000), listener: 0, method: 'GET', url: '', ...one };
    const expected = await explain(parsed, source, query);
    expect(await explain(parsed, source, query, running.configured), query.url).toEqual(expected);
  }
  const answer = await exchange(
    network,
    '10.0.0.7',
    address('127.0.0.1', 8080),
    'GET /api/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n',
  );
  expect(answer).toContain('origin');
});
