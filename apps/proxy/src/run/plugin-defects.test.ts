import { createMemoryNetwork, definePlugin } from '@inband/core';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
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

describe('a plugin whose "create" returns what cannot be used is an error of the configuration', () => {
  const anything = { '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) } };

  /** A configuration that has a plugin of a kind in its place. */
  function using(provides: string, plugin: object): ConfigInput {
    const pool = { type: 'pool', servers: [{ type: 'made' }] };
    const route = { chainer: provides === 'discovery' ? pool : { type: provides === 'chainer' ? 'made' : 'inband' } };
    return {
      listeners: [{ bind: '127.0.0.1:3128', service: 'out' }],
      plugins: [{ provides, kind: 'made', schema: anything, ...plugin }],
      ...(provides === 'resolver' && { resolver: { type: 'made' } }),
      services: {
        out: {
          mode: 'forward',
          routes: [route],
          ...(provides === 'filter' && { filters: [{ type: 'made' }] }),
          ...(provides === 'auth' && { auth: { type: 'made' } }),
        },
      },
    } as unknown as ConfigInput;
  }

  const kinds = [
    ['chainer', 'services.out.routes[0].chainer: The plugin "made" makes no chainer: ', 'function connectServer'],
    ['resolver', 'resolver: The plugin "made" makes no resolver: ', 'function resolve'],
    ['discovery', 'The plugin "made" makes no discovery: ', 'function servers'],
    ['filter', 'services.out.filters[0]: The plugin "made" makes no filter: ', 'functions onRequest'],
    ['auth', 'The plugin "made" makes no authenticator: ', 'function authenticate'],
  ] as const;
  const returned = [
    ['a promise that is rejected', defect, 'returns a promise'],
    ['nothing', () => undefined, undefined],
    ['null', () => null, undefined],
    ['a number', () => 5, undefined],
    ['an object without its functions', () => ({}), undefined],
  ] as const;
  const cases = kinds.flatMap(([provides, start, missing]) =>
    returned.map(([what, create, said]) => [what, provides, create, start, said ?? missing] as const),
  );

  test.each(cases)('%s, of a kind of %s', async (_what, provides, create, start, said) => {
    const rejections: unknown[] = [];
    const reject = (reason: unknown): void => void rejections.push(reason);
    process.on('unhandledRejection', reject);
    onTestFinished(() => void process.off('unhandledRejection', reject));
    const network = createMemoryNetwork();
    const transport = network.transport();
    const starting = createInband(using(provides, { create }), { transport });
    await expect(starting).rejects.toThrow(start);
    await expect(starting).rejects.toThrow(said);
    expect(network.open).toBe(0);
    await new Promise((resolve) => void setImmediate(resolve));
    expect(rejections).toEqual([]);
  });

  test('so a reload is refused, and what was there goes on serving', async () => {
    const network = createMemoryNetwork();
    const origin = await startOrigin(network, address('127.0.0.1', 8000), 'origin');
    const inband = await createInband(using('none', { provides: 'chainer' as const, create: () => undefined }), {
      transport: network.transport(),
    });
    await expect(inband.reload(using('chainer', { create: () => undefined }))).rejects.toThrow('makes no chainer');
    const get = 'GET http://127.0.0.1:8000/ HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nConnection: close\r\n\r\n';
    expect(await exchange(network, '127.0.0.1', address('127.0.0.1', 3128), get)).toMatch(/^HTTP\/1.1 200 /);
    await inband.close();
    await origin.close();
  });

  test('one whose check of its options never ends is given up after ten seconds, at a start and at one reload', async () => {
    const validate = vi.fn(() => new Promise(() => undefined));
    const schema = { '~standard': { version: 1, vendor: 'test', validate } };
    const network = createMemoryNetwork();
    const options = { transport: network.transport() };
    const inband = await createInband(
      using('none', { provides: 'chainer' as const, create: () => undefined }),
      options,
    );
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    for (const begin of [createInband, (config: ConfigInput) => inband.reload(config)]) {
      validate.mockClear();
      const begun = begin(using('chainer', { schema, create: () => undefined }), options).catch(
        (error: unknown) => error,
      );
      await vi.waitUntil(() => validate.mock.calls.length > 0);
      await vi.advanceTimersByTimeAsync(10_000);
      expect(await begun).toMatchObject({
        message: expect.stringMatching(/^the configuration was not loaded within 10 s: /),
      });
      expect(validate).toHaveBeenCalledTimes(1);
    }
    vi.useRealTimers();
    await inband.close();
  });
});
