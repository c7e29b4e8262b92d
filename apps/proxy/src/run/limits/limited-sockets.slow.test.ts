import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect as connectSocket, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { makeAuthority } from '../../../../../packages/tls/test-support/certificates.ts';
import { createInband } from '../../single/inband.ts';

const authority = makeAuthority();
const logger = { debug() {}, info() {}, warn() {}, error() {} };
const GET = 'GET /robots.txt HTTP/1.1\r\nHost: web.example\r\n\r\n';
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-limits-'));
  const { chain, key } = authority.issue({ names: ['web.example'] });
  await writeFile(join(folder, 'web.pem'), chain + key, { mode: 0o600 });
});
afterAll(() => rm(folder, { recursive: true }));

/** The status of the answer to one request, 0 where the connection is closed without one. The connection stays open. */
function ask(socket: Socket): Promise<number> {
  let answer = '';
  return new Promise((resolve) => {
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(0));
    socket.on('data', (bytes) => {
      answer += bytes.toString('latin1');
      if (answer.includes('\r\n\r\n')) resolve(Number(answer.slice(9, 12)));
    });
    socket.write(GET);
  });
}

/** Asks on new connections until there is room for one. */
async function servedOrReset(open: () => Socket): Promise<{ readonly socket: Socket; readonly status: number }> {
  for (;;) {
    const socket = open();
    const status = await ask(socket);
    if (status !== 503) return { socket, status };
    await closed(socket);
  }
}

async function closed(...sockets: readonly Socket[]): Promise<void> {
  await Promise.all(
    sockets.map(async (socket) => {
      socket.destroy();
      if (!socket.closed) await new Promise<void>((resolve) => void socket.once('close', () => resolve()));
    }),
  );
}

test.each(['node', ...(process.platform === 'linux' ? (['epoll'] as const) : [])] as const)(
  'on real sockets (%s) a client is held to its limits, with TLS and without',
  async (transport) => {
    const inband = await createInband(
      {
        transport,
        listeners: [
          { bind: '127.0.0.1:0', service: 'web' },
          { bind: '127.0.0.1:0', service: 'web', tls: { certificates: [{ cert: join(folder, 'web.pem') }] } },
        ],
        services: {
          web: {
            mode: 'reverse',
            limits: { perClient: { connections: 2, newConnections: { rate: '1/h', burst: 4 } } },
            routes: [{ respond: { status: 200, body: 'yes' } }],
          },
        },
      },
      { logger },
    );
    onTestFinished(() => inband.close({ grace: 0 }));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- both have ports
    const [plainPort = 0, tlsPort = 0] = inband.listeners.map(({ address }) => (address as AddressInfo).port);
    const plain = (): Socket => connectSocket(plainPort, '127.0.0.1');
    const secure = (): Socket =>
      connectTls({ port: tlsPort, host: '127.0.0.1', servername: 'web.example', ca: [authority.cert] });
    const first = [plain(), secure()];
    expect([await ask(first[0]!), await ask(first[1]!)]).toEqual([200, 200]);
    const refused = [plain(), secure()];
    expect([await ask(refused[0]!), await ask(refused[1]!)]).toEqual([503, 503]);
    await closed(...first, ...refused);
    // The proxy hears of their end a moment later.
    const second = [await servedOrReset(plain), await servedOrReset(secure)];
    expect(second.map(({ status }) => status)).toEqual([200, 200]);
    await closed(...second.map(({ socket }) => socket));
    // No more than four are new in this hour.
    const reset = [await servedOrReset(plain), await servedOrReset(secure)];
    expect(reset.map(({ status }) => status)).toEqual([0, 0]);
    await closed(...reset.map(({ socket }) => socket));
  },
);
