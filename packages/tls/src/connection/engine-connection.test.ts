import { createMemoryNetwork, type Connection, ignoreEvents } from '@inband/core';
import { setImmediate as nextIteration } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { TlsFacts } from '../base/facts.ts';
import { EngineConnection } from './engine-connection.ts';
import type { EngineFault, TlsEngine } from '../base/tls-engine.ts';

const facts: TlsFacts = {
  version: 'TLSv1.3',
  cipher: 'NONE',
  group: undefined,
  serverName: undefined,
  alpn: undefined,
  resumed: false,
  peer: undefined,
};

/** Encrypts nothing. Each byte `a` that it is fed has it answer with `reply`, a `.` is close_notify, and a `!` a fault. */
class PlainEngine implements TlsEngine {
  readonly plain = Buffer.alloc(1024 * 1024);
  cipher: Buffer = Buffer.alloc(0);
  readonly endsWithTickets = true;
  frees = 0;
  reads = 0;
  reply = Buffer.alloc(0);
  #fed = '';
  #out: Buffer[] = [];

  get hasInput(): boolean {
    return this.#fed !== '';
  }

  feed(bytes: Buffer, start: number, end: number): void {
    this.#fed += bytes.toString('latin1', start, end);
  }

  handshake(): 'done' {
    return 'done';
  }

  read(): number | 'closed' | EngineFault {
    this.reads += 1;
    const first = this.#fed.slice(0, 1);
    this.#fed = this.#fed.slice(1);
    if (first === '.') return 'closed';
    if (first === '!') return { reason: 'nonsense', code: 1, alert: undefined, verification: undefined };
    if (first === 'a') this.#out.push(this.reply);
    return this.plain.write(first, 'latin1');
  }

  write(bytes: Uint8Array, start: number, end: number): EngineFault | undefined {
    this.#out.push(Buffer.from(bytes.subarray(start, end)));
    return undefined;
  }

  takeCipher(): number {
    this.cipher = this.#out.shift() ?? Buffer.alloc(0);
    return this.cipher.length;
  }

  shutdown(): void {
    this.#out.push(Buffer.from('.'));
  }

  free(): void {
    this.frees += 1;
  }

  facts(): never {
    throw new Error('not asked for');
  }
}

interface Case {
  readonly engine: PlainEngine;
  readonly connection: EngineConnection;
  readonly peer: Connection;
  readonly events: string[];
}

/** Until nothing is on its way. */
async function rest(): Promise<void> {
  for (let iterations = 0; iterations < 10; iterations += 1) await nextIteration();
}

function make(window?: number): Case {
  const { client, server } = createMemoryNetwork(window === undefined ? {} : { window }).connectPair();
  const engine = new PlainEngine();
  const connection = new EngineConnection(server, engine, facts);
  const events: string[] = [];
  connection.handler = {
    data: (bytes, start, end) => void events.push(bytes.toString('latin1', start, end)),
    drained: () => void events.push('drained'),
    ended: () => void events.push('ended'),
    closed: (error) => void events.push(error === undefined ? 'closed' : `closed: ${error.message}`),
  };
  return { engine, connection, peer: client, events };
}

test('a peer that has answers sent and does not read them is given up', async () => {
  const { engine, connection, peer, events } = make(1024);
  engine.reply = Buffer.alloc(1024);
  connection.resume();
  peer.write(Buffer.from('a'.repeat(100)));
  await rest();
  expect(events.at(-1)).toMatch(/^closed: .*does not read them/);
  expect(events.length).toBeLessThan(30);
  expect(engine.frees).toBeGreaterThan(0);
});

test('answers that are read are not counted', async () => {
  const { engine, connection, peer, events } = make(1024);
  engine.reply = Buffer.alloc(1024);
  connection.resume();
  peer.handler = { ...ignoreEvents };
  peer.resume();
  for (let times = 0; times < 50; times += 1) {
    peer.write(Buffer.from('a'));
    await rest();
  }
  expect(events).toHaveLength(50);
});

test('what was read to its end is not read again', async () => {
  const { engine, connection, peer, events } = make();
  connection.resume();
  peer.write(Buffer.from('xyz'));
  await rest();
  expect(events).toEqual(['x', 'y', 'z']);
  expect(engine.reads).toBe(3);
});

test('a pause from within data holds back what is decrypted already', async () => {
  const { connection, peer, events } = make();
  connection.handler = {
    ...connection.handler,
    data: (bytes, start) => {
      events.push(bytes.toString('latin1', start, start + 1));
      connection.pause();
    },
  };
  peer.write(Buffer.from('xyz.'));
  connection.resume();
  await rest();
  expect(events).toEqual(['x']);
  for (const seen of [
    ['x', 'y'],
    ['x', 'y', 'z'],
  ]) {
    connection.resume();
    expect(events.length).toBe(seen.length - 1);
    await rest();
    expect(events).toEqual(seen);
  }
  connection.resume();
  await rest();
  expect(events.at(-1)).toBe('ended');
});

test('after a pause within the last data, nothing is pending', async () => {
  const { connection, peer } = make();
  const seen: boolean[] = [];
  connection.handler = { ...ignoreEvents, data: () => connection.pause() };
  for (const bytes of ['x', 'yz']) {
    connection.resume();
    peer.write(Buffer.from(bytes));
    await rest();
    seen.push(connection.pending);
  }
  expect(seen).toEqual([false, true]);
});

test('what comes behind close_notify is not looked at', async () => {
  const { connection, peer, events } = make();
  connection.resume();
  peer.write(Buffer.from('x.yz!'));
  await rest();
  expect(events).toEqual(['x', 'ended']);
});

test('a fault closes it with the reason', async () => {
  const { engine, connection, peer, events } = make();
  connection.resume();
  peer.write(Buffer.from('x!'));
  await rest();
  expect(events).toEqual(['x', 'closed: The TLS connection failed: nonsense.']);
  expect(engine.frees).toBeGreaterThan(0);
});

test('after both have said that they end, it closes without waiting for a FIN', async () => {
  const { connection, peer, events } = make();
  connection.resume();
  peer.write(Buffer.from('.'));
  await rest();
  connection.end();
  expect(events).toEqual(['ended']);
  await rest();
  expect(events).toEqual(['ended', 'closed']);
});

test.each([
  ['nothing more was expected', true, ['closed']],
  ['there may have been more', false, [expect.stringContaining('close_notify')]],
])('an end of the peer without close_notify: %s', async (_what, isLast, expected) => {
  const { connection, peer, events } = make();
  connection.resume();
  connection.end(isLast);
  peer.end();
  await rest();
  expect(events).toEqual(expected);
});

test('what came with the end of the handshake is delivered at once if the owner has resumed it', async () => {
  const { connection, engine, events } = make();
  engine.feed(Buffer.from('x'), 0, 1);
  const begun = new EngineConnection(createMemoryNetwork().connectPair().server, engine, facts);
  begun.handTo(() => {
    begun.handler = connection.handler;
    begun.resume();
    expect(events).toEqual([]);
  });
  expect(events).toEqual(['x']);
  await rest();
  expect(events).toEqual(['x']);
});

test('what came with the end of the handshake waits for an owner that resumes later', async () => {
  const { connection, engine, events } = make();
  engine.feed(Buffer.from('x'), 0, 1);
  const begun = new EngineConnection(createMemoryNetwork().connectPair().server, engine, facts);
  begun.handTo(() => void (begun.handler = connection.handler));
  await rest();
  expect([events, begun.pending]).toEqual([[], true]);
  begun.resume();
  await rest();
  expect(events).toEqual(['x']);
});

test('what the engine has to send behind the handshake leaves with the answer, or with the next event', async () => {
  for (const answers of [true, false]) {
    const { client: peer, server } = createMemoryNetwork().connectPair();
    const engine = new PlainEngine();
    const received: string[] = [];
    peer.handler = {
      ...ignoreEvents,
      data: (bytes, start, end) => void received.push(bytes.toString('latin1', start, end)),
    };
    peer.resume();
    engine.reply = Buffer.from('[ticket]');
    engine.feed(Buffer.from('a'), 0, 1);
    const begun = new EngineConnection(server, engine, facts);
    begun.handTo(() => begun.resume(), true);
    await rest();
    expect(received).toEqual([]);
    if (answers) begun.write(Buffer.from('answer'));
    else peer.write(Buffer.from('b'));
    await rest();
    expect(received.join('')).toBe(answers ? '[ticket]answer' : '[ticket]');
  }
});

test('a reset is an error', async () => {
  const { connection, peer, events } = make();
  connection.resume();
  peer.destroy(new Error('given up'));
  await rest();
  expect(events).toEqual([expect.stringContaining('reset the connection')]);
});

test('acknowledging is offered only where the connection underneath can', () => {
  const { connection } = make();
  expect('acknowledge' in connection).toBe(false);
  expect('hasUnreadInput' in connection).toBe(false);
});
