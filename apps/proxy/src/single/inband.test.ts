import { type Connection, createMemoryNetwork, type SessionRecord } from '@inband/core';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { passTimeUntil } from '../../../../packages/core/test-support/passing-time.ts';
import { address, connect, exchange, startOrigin } from '../../test-support/memory/memory-http.ts';
import type { ConfigInput } from '../config/input/config-input.ts';
import { createInband } from './inband.ts';

const bind = '127.0.0.1:3128';
const get = (host: string) => `GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;

function forward(more: Partial<ConfigInput['services'][string]> = {}): ConfigInput {
  return {
    listeners: [{ bind, service: 'browser' }],
    services: { browser: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }], ...more } },
  };
}

/** Resolves when the proxy has ended a connection. */
function endOf(connection: Connection, data: () => void): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      connection.destroy();
      resolve();
    };
    connection.handler = { data, drained: () => {}, ended: done, closed: done };
    connection.resume();
  });
}

describe('createInband', () => {
  test('relays a request by the route and its chainer', async () => {
    const network = createMemoryNetwork();
    const origin = await startOrigin(network, address('127.0.0.1', 8000), 'origin');
    const inband = await createInband(forward(), { transport: network.transport() });
    expect(inband.listeners).toEqual([{ address: address('127.0.0.1', 3128), service: 'browser' }]);
    const answer = await exchange(network, '127.0.0.1', address('127.0.0.1', 3128), get('127.0.0.1:8000'));
    expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\norigin$/);
    await inband.close();
    await origin.close();
    expect(network.open).toBe(0);
  });

  test('is closed at the end of the block by await using', async () => {
    const network = createMemoryNetwork();
    {
      await using inband = await createInband(forward(), { transport: network.transport() });
      expect(inband.listeners).toHaveLength(1);
    }
    const again = await createInband(forward(), { transport: network.transport() });
    await again.close();
    expect(network.open).toBe(0);
  });

  test('refuses a transparent listener on a transport that cannot, at the setting', async () => {
    const network = createMemoryNetwork();
    const config: ConfigInput = {
      listeners: [{ bind, service: 'guard', transparent: 'redirect' }],
      services: { guard: { mode: 'transparent', routes: [{ chainer: { type: 'transparent' } }] } },
    };
    await expect(createInband(config, { transport: network.transport() })).rejects.toThrow(
      /^listeners\[0\]\.transparent: The transport "memory" cannot accept intercepted connections/,
    );
    expect(network.open).toBe(0);
  });

  test('denies what policy forbids, without dialling, and says by which rule', async () => {
    const network = createMemoryNetwork();
    const records: SessionRecord[] = [];
    const lines: Record<string, unknown>[] = [];
    const info = (fields: object) => void lines.push({ ...fields });
    const logger = { debug: () => {}, warn: () => {}, error: () => {}, info };
    const onSession = (record: SessionRecord) => void records.push(record);
    const access = [{ deny: { servers: ['private'], reason: 'Not in here.' } }];
    const inband = await createInband(forward({ access }), { transport: network.transport(), logger, onSession });
    const answer = await exchange(network, '10.0.0.1', address('127.0.0.1', 3128), get('10.9.9.9:80'));
    expect(answer).toMatch(/^HTTP\/1.1 403 /);
    await inband.close();
    // Only the client's own dial.
    expect(network.dialled).toEqual([address('127.0.0.1', 3128)]);
    expect(records).toHaveLength(1);
    const rule = 'services.browser.access[0]';
    expect(lines.at(-1)).toMatchObject({ target: 'http://10.9.9.9:80/', server: '10.9.9.9:80', status: 403, rule });
  });

  test('writes the combined log into a file, with what its lines need of the heads', async () => {
    const baseDirectory = await mkdtemp(join(tmpdir(), 'inband-log-'));
    onTestFinished(() => rm(baseDirectory, { recursive: true }));
    const network = createMemoryNetwork();
    const log = { file: 'access.log', format: 'combined', level: 'silent' } as const;
    const inband = await createInband({ ...forward(), log }, { transport: network.transport(), baseDirectory });
    const head = 'GET http://10.9.9.9:80/ HTTP/1.0\r\nUser-Agent: curl/8\r\nReferer: http://a/\r\n\r\n';
    await exchange(network, '127.0.0.1', address('127.0.0.1', 3128), head);
    await inband.close();
    const lines = await readFile(join(baseDirectory, 'access.log'), 'utf8');
    expect(lines).toMatch(
      /^\S+ - - \[[^\]]+\] "GET http:\/\/10\.9\.9\.9:80\/ HTTP\/1\.0" 50\d \d+ "http:\/\/a\/" "curl\/8"\n$/,
    );
  });

  test('tells a client the id under which its request is in the log', async () => {
    const network = createMemoryNetwork();
    const lines: Record<string, unknown>[] = [];
    const info = (fields: object) => void lines.push({ ...fields });
    const logger = { debug: () => {}, warn: () => {}, error: () => {}, info };
    const inband = await createInband(forward(), { transport: network.transport(), logger });
    const asked = [
      'GET http://10.9.9.9:80/ HTTP/1.1\r\nHost: 10.9.9.9:80\r\nConnection: close\r\n\r\n',
      'nonsense\r\n\r\n',
    ];
    for (const request of asked) {
      const answer = await exchange(network, '127.0.0.1', address('127.0.0.1', 3128), request);
      const id = /Proxy-Status: .*; id="([0-9a-z]{8}-\d+)";/.exec(answer)?.[1];
      expect(id).toBeDefined();
      expect(answer).toContain(`"id": "${id}"`);
      expect(lines.at(-1)).toMatchObject({ id, session: Number(id?.split('-')[1]) });
    }
    await inband.close();
  });

  test('closes idle clients at once and ends tunnels when the grace is over', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const network = createMemoryNetwork();
    const origin = await network.transport().listen(address('127.0.0.1', 443), {}, (connection) => connection.resume());
    const inband = await createInband(forward(), { transport: network.transport() });
    const idle = await connect(network, '127.0.0.1', address('127.0.0.1', 3128));
    const tunnel = await connect(network, '127.0.0.1', address('127.0.0.1', 3128));
    const established = Promise.withResolvers<void>();
    const idleEnded = endOf(idle, () => {});
    const tunnelEnded = endOf(tunnel, established.resolve);
    tunnel.write(Buffer.from('CONNECT 127.0.0.1:443 HTTP/1.1\r\nHost: 127.0.0.1:443\r\n\r\n'));
    await established.promise;
    const closed = inband.close({ grace: 60_000 });
    await passTimeUntil(idleEnded);
    // The tunnel would have a minute; a second, impatient call cuts that short.
    await passTimeUntil(Promise.all([inband.close({ grace: 0 }), closed, tunnelEnded]));
    await origin.close();
  });

  test('rejects with every problem of the configuration, and leaves nothing open', async () => {
    const network = createMemoryNetwork();
    // @ts-expect-error -- the types know the kinds, too
    const config = forward({ routes: [{ chainer: { type: 'inbnd' } }] });
    await expect(createInband({ ...config, workers: 0 }, { transport: network.transport() })).rejects.toThrow(
      /workers: expected at least 1, found 0[^]*unknown chainer "inbnd"; did you mean "inband"\?/,
    );
    expect(network.open).toBe(0);
  });

  test.each([2, 'auto'] as const)('refuses workers: %s, because a library does not fork its host', async (workers) => {
    const network = createMemoryNetwork();
    await expect(createInband({ ...forward(), workers }, { transport: network.transport() })).rejects.toThrow(
      /^workers: a program that embeds the proxy runs it in its own process; /,
    );
    expect(network.open).toBe(0);
  });

  test('says which listener cannot be bound, and closes those that could', async () => {
    const network = createMemoryNetwork();
    const taken = await network.transport().listen(address('127.0.0.1', 81), {}, () => {});
    const config = {
      ...forward(),
      listeners: [80, 81].map((port) => ({ bind: `127.0.0.1:${port}`, service: 'browser' })),
    };
    await expect(createInband(config, { transport: network.transport() })).rejects.toThrow(
      /^listeners\[1\]\.bind: .*127/,
    );
    await taken.close();
    expect(network.open).toBe(0);
  });

  test('refuses what a chainer cannot do on this system when it starts', async () => {
    const config = forward({ routes: [{ chainer: { type: 'inband', forgeAddr: true } }] });
    await expect(createInband({ ...config, transport: 'node' })).rejects.toThrow(
      /^services\.browser\.routes\[0\]\.chainer: forgeAddr cannot work here: the transport "node" cannot /,
    );
  });

  test('names the place of a pattern that policy cannot compile', async () => {
    const routes = [{ match: { host: ['a.example', '*.*'] }, chainer: { type: 'inband' as const } }];
    await expect(createInband(forward({ routes }), { transport: createMemoryNetwork().transport() })).rejects.toThrow(
      /^services\.browser\.routes\[0\]\.match\.host\[1\]: /,
    );
  });
});
