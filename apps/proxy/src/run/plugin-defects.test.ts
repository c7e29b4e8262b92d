import { createMemoryNetwork, definePlugin } from '@inband/core';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { address, exchange, startOrigin } from '../../test-support/memory/memory-http.ts';
import type { ConfigInput } from '../config/input/config-input.ts';
import { createInband } from '../single/inband.ts';

const defect = (): Promise<never> => Promise.reject(new Error('a defect'));

test('a plugin whose functions are async and reject is a line of the log, and its clients are served', async () => {
  const network = createMemoryNetwork();
  const origin = await startOrigin(network, address('127.0.0.1', 8000), 'origin');
  const plugin = definePlugin({
    provides: 'chainer',
    kind: 'defective',
    schema: z.strictObject({}),
    serverChosenBy: 'operator',
    create: (_, deps) => ({
      kind: 'defective',
      connectServer: (session) => deps.establishConnection(session, undefined, address('127.0.0.1', 8000)),
      start: defect,
      close: defect,
    }),
  });
  const lines: string[] = [];
  const ignore = (): void => {};
  const error = (_: object, message: string): void => void lines.push(message);
  const config = {
    listeners: [{ bind: '127.0.0.1:3128', service: 'out' }],
    plugins: [plugin],
    services: {
      out: {
        mode: 'forward',
        routes: [{ chainer: { type: 'defective' } }],
        filters: [{ onRequest: () => undefined, close: defect }],
      },
    },
  } as unknown as ConfigInput;
  const transport = network.transport();
  const inband = await createInband(config, {
    transport,
    logger: { debug: ignore, info: ignore, warn: ignore, error },
  });
  const get = 'GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n';
  expect(await exchange(network, '127.0.0.1', address('127.0.0.1', 3128), get)).toMatch(/^HTTP\/1.1 200 [^]*origin$/);
  await inband.close();
  await origin.close();
  const said = (what: string) => `defect of a plugin while it was ${what}`;
  expect(lines).toEqual([said('started'), said('closed'), said('closed')]);
});
