import { createMemoryNetwork } from '@inband/core';
import { expect, onTestFinished, test } from 'vitest';
import { address, exchange, startOrigin } from '../../test-support/memory/memory-http.ts';
import { parseConfig } from '../config/parse-config.ts';
import { silentLogger } from '../log/logging.ts';
import { startInband } from '../run/start.ts';
import { explain } from './explain.ts';
import type { ExplainQuery } from './explain-query.ts';
import { type Explanation, formatExplanation } from './explanation.ts';

const [a, b, c] = ['198.51.100.1:80', '198.51.100.2:80', '198.51.100.3:80'] as const;

const source = {
  value: {
    listeners: [{ bind: '127.0.0.1:8080', service: 'web' }],
    services: {
      web: {
        mode: 'reverse',
        routes: [
          {
            match: { path: '/one/' },
            chainer: { type: 'directed', remote: a },
          },
          {
            chainer: {
              type: 'pool',
              balance: 'least-connections',
              servers: [{ address: a, weight: 2 }, b, { address: c, backup: true }],
            },
          },
        ],
      },
    },
  },
  baseDirectory: '/',
};

function query(path: string): ExplainQuery {
  return { client: address('127.0.0.1', 4000), listener: 0, method: 'GET', url: `http://shop.example${path}` };
}

function choices(explanation: Explanation): string[] {
  return formatExplanation(explanation)
    .split('\n')
    .filter((line) => line.startsWith('choice:'))
    .map((line) => line.slice('choice:  '.length))
    .filter((text) => !text.startsWith('by the configuration alone'));
}

test('says which servers there are, which one would be picked and why, and why not the others', async () => {
  const parsed = await parseConfig(source);
  const explanation = await explain(parsed, source, query('/'));
  expect(choices(explanation)).toEqual([
    `${a}, weight 2, 0 sessions: picked, the one with the fewest sessions by weight`,
    `${b}, weight 1, 0 sessions: could be picked`,
    `${c}, weight 1, 0 sessions: It is a backup, and another server is up.`,
  ]);
  expect(explanation.servers.map((server) => server.address)).toEqual([a, b, c]);
  expect(await explain(parsed, source, query('/one/'))).not.toHaveProperty('pool');
});

test('names whose addresses are not known are told, and that nobody has looked who is up', async () => {
  const named = {
    value: {
      resolver: { type: 'dns', servers: ['127.0.0.1:9'], timeout: 100, tries: 1 },
      listeners: [{ bind: '127.0.0.1:8080', service: 'web' }],
      services: { web: { mode: 'reverse', routes: [{ chainer: { type: 'pool', servers: [a, 'app.example:80'] } }] } },
    },
    baseDirectory: '/',
  };
  const explanation = await explain(await parseConfig(named), named, query('/'));
  expect(choices(explanation)).toEqual([
    `${a}, weight 1, 0 sessions: picked, the one with the fewest sessions by weight`,
    'app.example:80: Its addresses are not known.',
  ]);
  expect(formatExplanation(explanation)).toContain('by the configuration alone');
});

test('of a running proxy it says how the servers are now, and changes nothing', async () => {
  const network = createMemoryNetwork();
  const origin = await startOrigin(network, address('198.51.100.2', 80), 'origin');
  onTestFinished(() => origin.close());
  const parsed = await parseConfig(source);
  const running = await startInband(parsed, source, {
    logger: silentLogger,
    onSession: undefined,
    transport: network.transport(),
    prepareLog: () => ({ commit: () => undefined, abandon: () => undefined }),
  });
  onTestFinished(() => running.close({ grace: 0 }));
  const request = 'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n';
  // Five failures in a row take the first server out.
  for (let number = 0; number < 12; number += 1) {
    const answer = await exchange(network, '10.0.0.7', address('127.0.0.1', 8080), request);
    expect(answer).toContain('origin');
  }
  for (let time = 0; time < 2; time += 1) {
    expect(choices(await explain(parsed, source, query('/'), running.configured))).toEqual([
      expect.stringMatching(/^198\.51\.100\.1:80, weight 2, 0 sessions: It is down: .*refused/),
      `${b}, weight 1, 0 sessions: picked, the one with the fewest sessions by weight`,
      `${c}, weight 1, 0 sessions: It is a backup, and another server is up.`,
    ]);
  }
});
