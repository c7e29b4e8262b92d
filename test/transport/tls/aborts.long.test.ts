import { type Connection, createMemoryNetwork, ignoreEvents } from '@inband/core';
import { nodeImplementation, opensslImplementation, type TlsHandshakeError } from '@inband/tls';
import { expect, test } from 'vitest';
import { makeAuthority } from '../../../packages/tls/test-support/certificates.ts';
import { numbersFrom } from './numbers-from.ts';

const openssl = opensslImplementation();
const authority = makeAuthority();
const { chain, key } = authority.issue({ names: ['web.example'] });
const network = createMemoryNetwork();

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

type Draw = (below: number) => number;

/** One side of a connection that does at random what an owner may do. */
class Owner {
  connection: Connection | undefined = undefined;
  /** How often it was told that its connection is closed. */
  closed = 0;
  readonly #draw: Draw;

  constructor(draw: Draw) {
    this.#draw = draw;
  }

  readonly done = (_error: TlsHandshakeError | undefined, connection?: Connection): void => {
    if (connection === undefined) return;
    this.connection = connection;
    connection.handler = {
      ...ignoreEvents,
      data: (bytes, start, end) => this.#data(connection, bytes.subarray(start, end)),
      ended: () => this.#draw(2) === 0 && connection.end(),
      closed: () => (this.closed += 1),
    };
    connection.resume();
    connection.write(Buffer.alloc(1 + this.#draw(100_000)));
  };

  #data(connection: Connection, bytes: Buffer): void {
    const draw = this.#draw;
    if (draw(4) === 0) connection.write(bytes);
    if (draw(20) === 0) connection.pause();
    if (draw(30) === 0) connection.destroy(draw(2) === 0 ? undefined : new Error('reset'));
    if (draw(30) === 0) connection.end();
  }
}

test.each([
  { name: 'openssl', tls: openssl },
  { name: 'node', tls: nodeImplementation },
])(
  'whoever aborts at whatever moment, both sides are told once that it is over: $name',
  async ({ tls }) => {
    const serverContext = tls.serverContext({ identity: { certificate: chain, key } });
    const clientContext = tls.clientContext({ ca: [authority.cert] });
    for (let seed = 1; seed <= 200; seed += 1) {
      const draw = numbersFrom(seed);
      const plain = network.connectPair();
      const [client, server] = [new Owner(draw), new Owner(draw)];
      const accepting = tls.accept(plain.server, serverContext, undefined, server.done);
      const connecting = tls.connect(plain.client, clientContext, 'web.example', client.done);
      await turns(draw(12));
      const error = draw(2) === 0 ? undefined : new Error('reset');
      const aborts = [
        () => accepting.cancel(error),
        () => connecting.cancel(error),
        () => plain.client.destroy(error),
        () => plain.server.destroy(error),
        () => {
          server.connection?.destroy(error);
          client.connection?.end();
        },
        () => {
          client.connection?.end();
          client.connection?.destroy(error);
          server.connection?.end();
        },
      ];
      aborts[draw(aborts.length)]?.();
      await turns(6);
      accepting.cancel();
      connecting.cancel();
      for (const { connection } of [client, server]) connection?.destroy();
      await turns(12);
      for (const { connection, closed } of [client, server]) {
        expect({ seed, closed }).toEqual({ seed, closed: connection === undefined ? 0 : 1 });
      }
    }
    serverContext.release();
    clientContext.release();
    expect(openssl.living.connections).toBe(0);
  },
  60_000,
);
