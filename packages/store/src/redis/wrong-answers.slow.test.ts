import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, test, vi } from 'vitest';
import { leakChecked } from '../../../../test/support/leak-check.ts';
import { keepingLogger } from '../../test-support/keeping-logger.ts';
import { openStore, type Store } from '../index.ts';

/** What answers each command with the same bytes, whatever it is. */
async function answering(bytes: string) {
  const sockets = new Set<Socket>();
  let subscribed = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    socket.on('data', (asked) => {
      const text = asked.toString('latin1');
      if (/subscribe/i.test(text)) subscribed += 1;
      socket.write(bytes.repeat(text.match(/\*\d+\r\n\$/g)?.length ?? 1));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  return { port: (server.address() as AddressInfo).port, subscribed: () => subscribed, close };
}

const RATE = { amount: 1, per: 1_000, burst: 10 };
/** Calls of which each answer that is none is a defect. */
const CALLS: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
  lock: (store) => store.lock('l', 1_000),
  beat: (store) => store.beat('m', 'i'),
  time: (store) => store.time(),
  members: (store) => store.members(),
  take: (store) => store.take('t', RATE, 1),
  lease: (store) => store.lease('t', RATE, 1),
  hold: (store) => store.hold('h', 'me', { most: 3, held: 0, wanted: 1, ttl: 1_000 }),
  count: (store) => store.count('c', { most: 5, period: 86_400_000, used: 0, wanted: 1 }),
};

const OTHERS: readonly (readonly [string, string])[] = [
  ['a text', '+OK\r\n'],
  ['nothing', '$-1\r\n'],
  ['no list', '*-1\r\n'],
  ['an empty list', '*0\r\n'],
  ['a list of nothing', '*1\r\n$-1\r\n'],
  ['what nobody asked for as well', ':1\r\n$-1\r\n*3\r\n$-1\r\n$-1\r\n$-1\r\n'],
  ['a message of no channel', '*3\r\n$7\r\nmessage\r\n$-1\r\n$-1\r\n'],
  ['a web page', 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'],
];

test.each(OTHERS)('what answers with %s is not taken for a store, and ends nothing but its connections', (_, bytes) =>
  leakChecked(async () => {
    const other = await answering(bytes);
    const servers = { at: { host: '127.0.0.1', port: other.port } };
    const store = await openStore({
      type: 'redis',
      servers,
      logger: keepingLogger().logger,
      deadline: 5_000,
      failures: 1_000,
    });
    try {
      store.watch('w', () => {});
      // A process that ended by an error of an event would be told of here: vitest fails for one that nobody catches.
      await vi.waitFor(() => expect(other.subscribed()).toBeGreaterThan(0), { timeout: 10_000, interval: 10 });
      for (const [name, call] of Object.entries(CALLS)) {
        const outcome = await call(store).catch((error: Error) => error.message);
        const isNone = outcome === undefined || (Array.isArray(outcome) && outcome.length === 0);
        if (!isNone) expect(outcome, name).toMatch(/not Valkey or Redis|no connection/);
      }
    } finally {
      await store.close();
      await other.close();
    }
  }),
);
