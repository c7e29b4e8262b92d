import { createMemoryNetwork, diagnostics } from '@inband/core';
import { expect, test } from 'vitest';
import { address, exchange, startOrigin } from '../../test-support/memory/memory-http.ts';
import { createInband } from '../single/inband.ts';
import { printDiagnostics } from './print-diagnostics.ts';

test('an embedding program has lines of the channels that it names, until it stops them', async () => {
  const network = createMemoryNetwork();
  const origin = await startOrigin(network, address('127.0.0.1', 8000), 'origin');
  const inband = await createInband(
    {
      listeners: [{ bind: '127.0.0.1:3128', service: 'browser' }],
      services: { browser: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] } },
    },
    { transport: network.transport() },
  );
  const lines: string[] = [];
  const printer = printDiagnostics('dial,pool', { write: (line) => void lines.push(line) });
  const get = 'GET http://127.0.0.1:8000/ HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nConnection: close\r\n\r\n';
  await exchange(network, '127.0.0.1', address('127.0.0.1', 3128), get);
  await printer.stop();
  const count = lines.length;
  await exchange(network, '127.0.0.1', address('127.0.0.1', 3128), get);
  await inband.close();
  await origin.close();
  expect(lines).toHaveLength(count);
  const events = lines.map((line) => line.split(' ').slice(2, 4).join(' '));
  expect(events).toEqual(['pool miss', 'dial started', 'dial connected', 'pool adopted', 'pool closed']);
  expect(Object.values(diagnostics).some(({ hasSubscribers }) => hasSubscribers)).toBe(false);
});

test('a channel that is not there is an error that says which are', () => {
  expect(() => printDiagnostics('poool')).toThrow('there is no channel "poool"; did you mean "pool"?');
  expect(diagnostics.pool.hasSubscribers).toBe(false);
});
