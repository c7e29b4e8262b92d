import { expect, test } from 'vitest';
import { address } from '../../test-support/memory/memory-http.ts';
import { parseConfig } from '../config/parse-config.ts';
import type { ConfigInput } from '../config/input/config-input.ts';
import { explain } from './explain.ts';
import { formatExplanation } from './explanation.ts';

const requests = { rate: '1/h', burst: 1 } as const;
const ways = { requests, connections: 7, tunnels: 5, quota: '50GiB/day' } as const;
const bytes = { bandwidth: { out: '20MiB/s' }, minimumRate: { request: '500B/s' }, queued: '256MiB' } as const;
const value: ConfigInput = {
  listeners: [{ bind: '127.0.0.1:3128', service: 'out' }],
  services: {
    out: {
      mode: 'forward',
      limits: { perClient: ways, newConnections: '9/m', requestsPerConnection: 100, ...bytes },
      routes: [{ chainer: { type: 'inband' } }],
    },
  },
};

test('an explanation says which limits hold for the client, and counts for none of them', async () => {
  const source = { value, baseDirectory: '/' };
  const parsed = await parseConfig(source);
  const query = { client: address('fd00:1:2:3::7', 40_000), listener: 0, method: 'GET', url: 'http://8.8.8.8/' };
  for (let count = 0; count < 3; count += 1) {
    const explanation = await explain(parsed, source, query);
    expect(explanation.verdict).toBe('allow');
    expect(explanation.limits).toEqual([
      'newConnections of all clients: 9/m, burst 2',
      'bandwidth.out of all clients: 20MiB/s',
      'perClient.requests of fd00:1:2:3::/64: 1/h, burst 1',
      'perClient.connections of fd00:1:2:3::/64: 7',
      'perClient.tunnels of fd00:1:2:3::/64: 5',
      'perClient.quota of fd00:1:2:3::/64: 50GiB/day',
      'requestsPerConnection: 100',
      'minimumRate.request: 500B/s, over 10000 ms',
      'queued: 256MiB',
    ]);
    expect(formatExplanation(explanation)).toContain('\nlimit:   perClient.tunnels of fd00:1:2:3::/64: 5\n');
  }
});
