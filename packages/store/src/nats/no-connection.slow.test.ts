import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, test, vi } from 'vitest';
import { freePort } from '../../../core/test-support/free-port.ts';
import { leakChecked } from '../../../../test/support/leak-check.ts';
import { keepingLogger } from '../../test-support/keeping-logger.ts';
import { openStore } from '../index.ts';

/** Accepts connections, and does this with each. */
async function accepting(act: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    act(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  return { port: (server.address() as AddressInfo).port, close };
}

const INFO = 'INFO {"server_id":"x","version":"2.10.0","proto":1,"max_payload":1048576}\r\n';

const WHY: readonly (readonly [string, RegExp, ((socket: Socket) => void) | undefined])[] = [
  ['nobody listens', /ECONNREFUSED/, undefined],
  ['it ends each connection', /ends each connection without a word/, (socket) => socket.destroy()],
  ['it says nothing', /says nothing within 2000 ms/, () => {}],
  [
    'it knows nobody like us',
    /Authorization Violation/,
    (socket) => {
      socket.write(INFO);
      socket.once('data', () => socket.end("-ERR 'Authorization Violation'\r\n"));
    },
  ],
];

test.each(WHY)('a store of NATS that cannot be connected to says why: %s', (_, why, act) =>
  leakChecked(async () => {
    const other = act && (await accepting(act));
    const port = other?.port ?? (await freePort());
    const servers = { addresses: [{ host: '127.0.0.1', port }] };
    const store = await openStore({ type: 'nats', servers, logger: keepingLogger().logger, failures: 1_000_000 });
    try {
      const said = () => store.get('k').then(String, (error: Error) => error.message);
      await vi.waitFor(async () => expect(await said()).toMatch(why), { timeout: 10_000, interval: 20 });
    } finally {
      await store.close();
      await other?.close();
    }
  }),
);
