import { setImmediate as nextIteration } from 'node:timers/promises';
import { formatSockAddr, ProxyError } from '@inband/core';
import type { SockAddr } from '@inband/core';
import { expect, test } from 'vitest';
import { runs } from '../support/tiers/runs.ts';
import type { CurrentLab } from './lab-per-test.ts';

/** Connections that are more than one place of anything. */
const MANY = runs(200);

async function failure(promise: Promise<unknown>): Promise<ProxyError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ProxyError) return error;
  throw new Error(`expected a ProxyError, not ${String(error)}`);
}

export function connectingBehaviour(lab: CurrentLab): void {
  test('a port of 0 becomes a real one', async () => {
    const listener = await lab().listen();
    if (listener.address.family !== 'unix') expect(listener.address.port).toBeGreaterThan(0);
  });

  test('both ends know their addresses, also after they are closed', async () => {
    const listener = await lab().listen();
    const [client, server] = await Promise.all([lab().connect(listener.address), listener.accepted()]);
    const check = (): void => {
      expect(client.connection.remote).toEqual(listener.address);
      expect(server.connection.local).toEqual(listener.address);
      expect(server.connection.remote).toEqual(client.connection.local);
      expect(client.connection.local.family).toBe(listener.address.family);
    };
    check();
    client.destroy();
    server.destroy();
    await Promise.all([client.untilClosed(), server.untilClosed()]);
    check();
  });

  test('the outcome of connecting comes later, not from within connect', async () => {
    const listener = await lab().listen();
    let returned = false;
    const settledLater = new Promise<boolean>((resolve) => {
      lab().harness.transport.connect(listener.address, {}, (_error, connection) => {
        if (connection !== undefined) lab().own(connection);
        resolve(returned);
      });
      returned = true;
    });
    expect(await settledLater).toBe(true);
  });

  test('nobody listens: connection_refused, with the address', async () => {
    const listener = await lab().listen();
    await listener.close();
    const error = await failure(lab().connect(listener.address));
    expect(error.code).toBe('connection_refused');
    expect(error.address).toEqual(listener.address);
    expect(error.message).toContain(formatSockAddr(listener.address));
  });

  test('binding a local address of another family fails and opens nothing', async () => {
    const listener = await lab().listen();
    const local: SockAddr =
      listener.address.family === 'inet6'
        ? { family: 'inet', address: '127.0.0.1', port: 0 }
        : { family: 'inet6', address: '::1', port: 0 };
    const error = await failure(lab().connect(listener.address, { local }));
    expect(error.code).toBe('destination_ip_unroutable');
  });

  test('the local address that was asked for is used', async () => {
    const listener = await lab().listen();
    if (listener.address.family === 'unix') return;
    const local: SockAddr = { ...listener.address, port: 0 };
    const [client, server] = await Promise.all([lab().connect(listener.address, { local }), listener.accepted()]);
    expect(client.connection.local).toMatchObject({ address: local.address });
    expect(server.connection.remote).toEqual(client.connection.local);
  });

  test('a local port that was asked for is used, with several servers at once', async () => {
    const [first, second] = [await lab().listen(), await lab().listen()];
    const { address } = first;
    if (address.family === 'unix') return;
    // A port that is free: the system has just given it to a listener that is gone.
    const free = await lab().listen();
    const local = free.address;
    await free.close();
    const [one, two] = [await lab().connect(address, { local }), await lab().connect(second.address, { local })];
    const accepted = [await first.accepted(), await second.accepted()];
    expect([one, two].map(({ connection }) => connection.local)).toEqual([local, local]);
    expect(accepted.map(({ connection }) => connection.remote)).toEqual([local, local]);
  });

  test('a listening address is taken: the error names it', async () => {
    const listener = await lab().listen();
    const error = await failure(lab().listen(undefined, listener.address));
    expect(error.code).toBe('proxy_configuration_error');
    expect(error.message).toContain(formatSockAddr(listener.address));
  });

  test('an attempt cancelled at any moment settles no more and leaves nothing', async () => {
    const listener = await lab().listen((probe) => {
      probe.resume();
      probe.reactions.ended = () => probe.destroy();
    });
    let settledAfterCancel = 0;
    for (let iterations = 0; iterations < 8; iterations += 1) {
      let cancelled = false;
      const cancel = lab().harness.transport.connect(listener.address, {}, (_error, connection) => {
        if (cancelled) settledAfterCancel += 1;
        if (connection !== undefined) lab().own(connection);
      });
      for (let done = 0; done < iterations; done += 1) await nextIteration();
      cancelled = true;
      cancel();
      cancel();
    }
    await lab().settleDown();
    expect(settledAfterCancel).toBe(0);
  });

  test('cancelling after the connection was delivered does nothing to it', async () => {
    const listener = await lab().listen();
    const { promise, resolve } = Promise.withResolvers<ReturnType<ReturnType<CurrentLab>['own']>>();
    const cancel = lab().harness.transport.connect(listener.address, {}, (_error, connection) => {
      if (connection !== undefined) resolve(lab().own(connection));
    });
    const [client, server] = await Promise.all([promise, listener.accepted()]);
    cancel();
    server.resume();
    client.write('still here');
    await server.untilLength(10);
    expect(server.text).toBe('still here');
  });

  test('closing the listener leaves accepted connections alive and refuses new ones', async () => {
    const listener = await lab().listen();
    const [client, server] = await Promise.all([lab().connect(listener.address), listener.accepted()]);
    await listener.close();
    await listener.close();
    server.resume();
    client.resume();
    client.write('ping');
    await server.untilLength(4);
    server.write('pong');
    await client.untilLength(4);
    expect(client.text).toBe('pong');
    expect((await failure(lab().connect(listener.address))).code).toBe('connection_refused');
  });

  test('an address is free again as soon as its listener has closed', async () => {
    const first = await lab().listen();
    await first.close();
    const second = await lab().listen(undefined, first.address);
    const [client] = await Promise.all([lab().connect(second.address), second.accepted()]);
    expect(client.connection.remote).toEqual(first.address);
  });

  test('a connection destroyed from within accept closes', async () => {
    const listener = await lab().listen((probe) => probe.destroy());
    const client = await lab().connect(listener.address);
    const server = await listener.accepted();
    await server.untilClosed();
    client.resume();
    await client.until(() => client.isClosed || client.events.includes('ended'));
  });

  test(`${MANY} connections at once keep their bytes apart`, async () => {
    const listener = await lab().listen((probe) => {
      probe.reactions.data = (bytes, start, end) => void probe.write(bytes, start, end);
      probe.reactions.ended = () => probe.end();
      probe.resume();
    });
    const texts = Array.from({ length: MANY }, (_unused, index) => `connection ${index} `.repeat(20));
    const clients = await Promise.all(
      texts.map(async (text) => {
        const client = await lab().connect(listener.address);
        client.resume();
        client.write(text);
        client.end();
        await client.untilClosed();
        return client;
      }),
    );
    expect(clients.map((client) => client.text)).toEqual(texts);
    expect(clients.every((client) => client.error === undefined)).toBe(true);
  });
}
