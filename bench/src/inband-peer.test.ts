import { createInband, createMemoryNetwork, type ConfigInput } from 'inband';
import { expect, test } from 'vitest';
import { runs } from '../../test/support/tiers/runs.ts';
import { configuration } from './inband-peer.ts';
import type { Setup } from './setup.ts';

const site = { port: 3128, origins: { http: [81, 82, 83, 84], tunnel: 85 } } as const;
const setups: Setup[] = [
  { kind: 'requests' },
  { kind: 'requests', accessLog: true },
  { kind: 'tunnels' },
  { kind: 'failover' },
  { kind: 'failover', chainer: 'pool' },
  { kind: 'routes', count: 1 },
  { kind: 'routes', count: runs(1000) },
];

test.each(setups)('the configuration for %j is one that the program takes', async (setup) => {
  const config = configuration(setup, 'node', site) as ConfigInput;
  const inband = await createInband(config, { transport: createMemoryNetwork().transport() });
  expect(inband.listeners).toHaveLength(1);
  await inband.close({ grace: 0 });
});

test('as many routes and rules as asked for, the last route for the host that is requested', () => {
  const { services } = configuration({ kind: 'routes', count: 1000 }, 'node', site) as {
    services: { bench: { routes: { match: { host: string; path?: string } }[]; access: object[] } };
  };
  const { routes, access } = services.bench;
  expect([routes.length, access.length]).toEqual([1000, 1000]);
  expect(routes.at(-1)?.match).toEqual({ host: 'last.example' });
  expect(routes.findIndex(({ match }) => match.host === 'last.example' && match.path === undefined)).toBe(999);
});
