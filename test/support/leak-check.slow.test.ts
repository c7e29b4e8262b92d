import { createCachingResolver, Timeout, Session, Timers } from '@inband/core';
import type { ClientConnection, Resolver, Service } from '@inband/core';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate as nextIteration } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { leakChecked } from './leak-check.ts';

/** The leaks of these tests are permanent, so a short wait is enough. */
const impatient = { patience: 100 };

/** The resources that the tests leak on purpose. */
const leaked: { socket?: Socket; server?: Server; timers?: Timers; resolver?: Resolver } = {};

afterEach(async () => {
  leaked.socket?.destroy();
  leaked.timers?.close();
  leaked.resolver?.close?.();
  if (leaked.server !== undefined) await new Promise((resolve) => leaked.server?.close(resolve));
  for (const key of Object.keys(leaked)) delete leaked[key as keyof typeof leaked];
  // A handle that has closed is counted until the next iteration.
  await nextIteration();
});

async function listen(): Promise<Server> {
  const server = createServer((socket) => socket.resume());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function open(server: Server): Promise<Socket> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

describe('the leak check', () => {
  test('passes when everything is over', async () => {
    await leakChecked(
      async () => {
        const timers = new Timers();
        new Timeout(() => {}).start(timers.list(60_000));
        const server = await listen();
        (await open(server)).destroy();
        await new Promise((resolve) => server.close(resolve));
        timers.close();
      },
      { recorded: () => 0 },
    );
  });

  test('finds a listener', async () => {
    const run = leakChecked(async () => void (leaked.server = await listen()), impatient);
    await expect(run).rejects.toThrow(/^Left open: .*1 TCPServerWrap/);
  });

  test('finds a connection', async () => {
    leaked.server = await listen();
    const server = leaked.server;
    const run = leakChecked(async () => void (leaked.socket = await open(server)), impatient);
    await expect(run).rejects.toThrow(/^Left open: .*TCPSocketWrap/);
  });

  test.runIf(process.platform === 'linux')(
    'finds the descriptor of a connection that does not hold the process',
    async () => {
      leaked.server = await listen();
      const server = leaked.server;
      const run = leakChecked(async () => {
        leaked.socket = await open(server);
        leaked.socket.unref();
      }, impatient);
      await expect(run).rejects.toThrow(/^Left open: .*socket:\[\d+\]/);
    },
  );

  test('finds a timer of ours', async () => {
    const run = leakChecked(async () => {
      leaked.timers = new Timers();
      new Timeout(() => {}).start(leaked.timers.list(60_000));
    }, impatient);
    await expect(run).rejects.toThrow(/^Left open: Timeout of .*timers\.ts/);
  });

  test('finds a promise of ours that nobody will settle', async () => {
    const never = { resolve: () => new Promise<never>(() => {}) };
    const run = leakChecked(async () => {
      leaked.resolver = createCachingResolver(never);
      void leaked.resolver.resolve('name.example').catch(() => {});
    }, impatient);
    await expect(run).rejects.toThrow(/^Left open: [^]*PROMISE of .*\/resolver\//);
  });

  test('finds a session that was not recorded', async () => {
    const run = leakChecked(async () => void new Session({} as ClientConnection, {} as Service), {
      recorded: () => 0,
      ...impatient,
    });
    await expect(run).rejects.toThrow('Left open: 1 sessions began and 0 were recorded');
  });

  test('says what went wrong, not what that left open', async () => {
    const run = leakChecked(async () => {
      leaked.server = await listen();
      throw new Error('the test itself');
    });
    await expect(run).rejects.toThrow('the test itself');
  });
});
