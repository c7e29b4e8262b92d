import type { ConfigInput } from 'inband';
import type { Target } from './load-protocol.ts';
import { CLIENTS, MEMBERS } from './network.ts';

/** Where the members listen for what. */
export const PORTS = { free: 8080, limited: 8081, open: 8082 } as const;

/** What all members have together, of the services `limited` and `open`. */
export const LIMIT = { perSecond: 100, burst: 20 } as const;
export const SMALL_LIMIT = { perSecond: 20, burst: 20 } as const;

/** By `store.away`, of each member. */
const AWAY = ['local', 'open', 'closed'] as const;

/** The configuration of one member, counted from 0. */
export function configurationOf(index: number, { url, workers = 1 }: { url: string; workers?: number }): ConfigInput {
  const routes = [{ chainer: { type: 'directed' as const, remote: `${CLIENTS}:80` } }];
  const limited = ({ perSecond, burst }: { perSecond: number; burst: number }) => ({
    mode: 'reverse' as const,
    limits: { requests: { rate: `${perSecond}/s` as const, burst } },
    routes,
  });
  return {
    workers,
    listeners: Object.entries(PORTS).map(([service, port]) => ({ bind: `${MEMBERS[index]}:${port}`, service })),
    services: { free: { mode: 'reverse', routes }, limited: limited(LIMIT), open: limited(SMALL_LIMIT) },
    store: { type: url.startsWith('nats') ? 'nats' : 'redis', url, key: 'inband', away: AWAY[index] ?? 'local' },
    cluster: { name: 'lab', member: `edge${index + 1}` },
  };
}

/** What clients ask: of every member what nothing limits, and of some more than they may have. */
export const LOAD: readonly Target[] = [
  ...MEMBERS.map((address, index) => ({
    name: `free at edge${index + 1}`,
    to: `${address}:${PORTS.free}`,
    perSecond: 20,
  })),
  ...[90, 20, 10].map((perSecond, index) => ({
    name: `limited at edge${index + 1}`,
    to: `${MEMBERS[index]}:${PORTS.limited}`,
    perSecond,
    expected: [200, 503],
  })),
  { name: 'open at edge2', to: `${MEMBERS[1]}:${PORTS.open}`, perSecond: 40, expected: [200, 503] },
];
