import { readFileSync } from 'node:fs';
import { createEpollTransport, createNodeTransport, inetAddr, type Connection, type Transport } from '@inband/core';
import { expect, test, vi } from 'vitest';
import { describeRequiring } from '../support/requires.ts';

/** What the kernel waits for on a TCP socket, from /proc/net/tcp: `timer` 2 is keepalive. Seconds until it acts. */
interface Timer {
  readonly timer: number;
  readonly seconds: number;
}

/** Clock ticks a second in /proc. */
const TICKS = 100;

/** The timer of the established socket from `local` to `remote`, both ports of 127.0.0.1. */
function timerOf(local: number, remote: number): Timer | undefined {
  for (const line of readFileSync('/proc/net/tcp', 'latin1').split('\n').slice(1)) {
    const [, from = '', to = '', state, , timer = ''] = line.trim().split(/\s+/);
    if (state !== '01' || portOf(from) !== local || portOf(to) !== remote) continue;
    const [kind = '', when = ''] = timer.split(':');
    return { timer: Number.parseInt(kind, 16), seconds: Number.parseInt(when, 16) / TICKS };
  }
  return undefined;
}

function portOf(address: string): number {
  return Number.parseInt(address.split(':')[1] ?? '', 16);
}

const transports: Record<string, () => Transport> = { epoll: createEpollTransport, node: createNodeTransport };

describeRequiring({ linux: true }, 'TCP keepalive', () => {
  for (const [name, create] of Object.entries(transports)) {
    test(`is on for what is accepted and for what is dialled (${name})`, async () => {
      const transport = create();
      const begun = performance.now();
      const accepted = Promise.withResolvers<Connection>();
      const listener = await transport.listen(inetAddr('127.0.0.1', 0)!, {}, accepted.resolve);
      const dialled = Promise.withResolvers<Connection>();
      transport.connect(listener.address, {}, (error, made) =>
        made === undefined ? dialled.reject(error!) : dialled.resolve(made),
      );
      const ends = await Promise.all([accepted.promise, dialled.promise]);
      const [server, client] = ends.map(({ local }) => (local.family === 'unix' ? 0 : local.port)) as [number, number];
      try {
        for (const [from, to] of [
          [server, client],
          [client, server],
        ] as const) {
          // Of a connection that was dialled it is turned on after some seconds, because most are closed by then.
          await vi.waitFor(() => expect(timerOf(from, to)).toMatchObject({ timer: 2 }));
          const found = timerOf(from, to);
          // It was turned on after `begun`, with 60 seconds.
          expect(found!.seconds).toBeGreaterThan(59 - (performance.now() - begun) / 1_000);
          expect(found!.seconds).toBeLessThanOrEqual(61);
        }
      } finally {
        for (const end of ends) end.destroy();
        await listener.close();
      }
    });
  }
});
