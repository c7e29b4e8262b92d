import { expect, test } from 'vitest';
import { isAt, ServerOrders } from './server-orders.ts';

const server = { id: '10.0.0.1:80', written: 'app.example:80' } as const;

test('an order for a server counts by its address and as it is written, and until it is taken back', () => {
  const orders = new ServerOrders();
  const of = (): unknown => orders.of(server);
  expect(of()).toBeUndefined();
  orders.set('app.example:80', 'drain');
  expect(of()).toBe('drain');
  orders.set('10.0.0.1:80', 'down');
  expect(of()).toBe('down');
  orders.set('10.0.0.1:80', undefined);
  expect(of()).toBe('drain');
  orders.set('app.example:80', undefined);
  expect(of()).toBeUndefined();
  expect([isAt('10.0.0.1:80', server), isAt('app.example:80', server), isAt('app.example', server)]).toEqual([
    true,
    true,
    false,
  ]);
});
