/**
 * Opens many tunnels and keeps them idle. The benchmark starts it with {@link IdleArguments}. It sends `open` when all are
 * open. On `check` it exchanges bytes through each tunnel, closes them, and reports.
 */
import { messageOf } from '../errors.ts';
import type { Socket } from 'node:net';
import { EXCHANGE, EXCHANGE_SIZE } from '../origin/tunnel-protocol.ts';
import type { LoadResult } from './result.ts';
import { openTunnel, report } from './tunnel.ts';

export interface IdleArguments {
  readonly proxyPort: number;
  readonly targetPort: number;
  readonly tunnels: number;
}

/** The number of tunnels that are opened or checked at a time. */
const AT_ONCE = 50;
/** The timeout of one exchange, in milliseconds. */
const LIMIT = 10_000;

const { proxyPort, targetPort, tunnels }: IdleArguments = JSON.parse(process.argv[2] ?? '{}');
const sockets: Socket[] = [];
const faults = new Set<string>();

/** Runs `work` for 0 to `count` - 1, AT_ONCE at a time, until the first fault. */
async function each(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count && faults.size === 0) {
      const index = next;
      next += 1;
      await work(index).catch((error: unknown) => faults.add(messageOf(error)));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

async function open(): Promise<void> {
  const socket = await openTunnel(proxyPort, targetPort);
  socket.on('error', (error) => faults.add(error.message));
  sockets.push(socket);
}

function check(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let received: Buffer = Buffer.alloc(0);
    if (socket.destroyed) return reject(new Error('an idle tunnel was closed'));
    const timer = setTimeout(() => reject(new Error('an idle tunnel did not answer within ten seconds')), LIMIT);
    socket.once('close', () => reject(new Error('an idle tunnel was closed')));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < EXCHANGE_SIZE) return;
      clearTimeout(timer);
      if (received.equals(EXCHANGE)) resolve();
      else reject(new Error('a tunnel changed what passed through it'));
    });
    socket.write(EXCHANGE);
  });
}

const began = performance.now();
await each(tunnels, open);
const duration = (performance.now() - began) * 1000;
process.once('message', () => void finish());
process.send?.('open');

async function finish(): Promise<void> {
  await each(sockets.length, async (index) => {
    const socket = sockets[index];
    if (socket !== undefined) await check(socket);
  });
  for (const socket of sockets) socket.destroy();
  const result: LoadResult = { completed: sockets.length, duration, faults: [...faults] };
  report(result);
}
