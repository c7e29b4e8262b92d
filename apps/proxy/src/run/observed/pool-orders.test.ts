import { describe, expect, test } from 'vitest';
import { planFor } from '../../../test-support/plans.ts';
import { carryOver, type PoolOrder } from './pool-orders.ts';

const route = (path: string, hosts: readonly string[], more: object = {}) => ({
  match: { path },
  chainer: { type: 'failover', hosts, ...more },
});
const planWith = (...routes: object[]) =>
  planFor({
    listeners: [{ bind: '127.0.0.1:0', service: 'web' }],
    services: { web: { mode: 'reverse', routes } },
  });

const [a, b] = ['10.0.0.1:80', '10.0.0.2:80'];
const at = (index: number): string => `services.web.routes[${index}].chainer`;
const drained: PoolOrder = { pool: at(0), address: a, order: 'drain', by: 'ops', at: 1 };

describe('an order about a server', () => {
  test('goes with its pool to another place', async () => {
    const [before, after] = [await planWith(route('/x/', [a])), await planWith(route('/new/', [b]), route('/x/', [a]))];
    expect(carryOver([drained], before, after)).toEqual({ orders: [{ ...drained, pool: at(1) }], lost: [] });
  });

  test('stays at the place where its pool was made anew', async () => {
    const [before, after] = [await planWith(route('/x/', [a])), await planWith(route('/x/', [a, b]))];
    expect(carryOver([drained], before, after)).toEqual({ orders: [drained], lost: [] });
  });

  test('is lost with its pool, also if another one has moved to its place', async () => {
    const before = await planWith(route('/x/', [a]), route('/y/', [a], { policy: 'sticky' }));
    const after = await planWith(route('/y/', [a], { policy: 'sticky' }));
    expect(carryOver([drained, { ...drained, pool: at(1) }], before, after)).toEqual({
      orders: [drained],
      lost: [drained],
    });
    const gone = await planFor({
      listeners: [{ bind: '127.0.0.1:0', service: 'web' }],
      services: { web: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] } },
    });
    expect(carryOver([{ ...drained, pool: at(1) }], before, gone).lost).toHaveLength(1);
  });
});
