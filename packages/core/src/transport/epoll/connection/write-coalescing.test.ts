import { constants } from 'node:os';
import { setImmediate as nextIteration } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { record, scripted } from '../../../../test-support/scripted-system.ts';
import { ignoreEvents } from '../../../base/connection.ts';
import type { EpollConnection } from './connection.ts';
import { EVENT_ERR, EVENT_IN, EVENT_OUT, RECEIVED_LENGTH } from '../system/system.ts';

const { EAGAIN, ECONNRESET, EPIPE } = constants.errno;

/** The first descriptor of those that are sent to, behind all that are received from. */
const RECEIVER = 105;

describe('what is written in an event-loop iteration', () => {
  const encode = (text: string): Buffer => Buffer.from(text);

  /** Three connections that write `texts` when bytes come, then do what `then` says. */
  function writers(...reactions: ((connection: EpollConnection, index: number) => void)[]) {
    const { system, poller, connect } = scripted();
    const connections = reactions.map((react, index) => {
      const connection = connect(5 + index);
      connection.handler = { ...ignoreEvents, data: () => react(connection, index) };
      connection.resume();
      return connection;
    });
    const iterate = (): Promise<void> => {
      system.receives.push(...connections.map(() => 1));
      return system.happens(...connections.map((_connection, index) => system.event(5 + index, EVENT_IN)));
    };
    return { system, poller, connections, iterate };
  }

  test('leaves at its end, joined where one connection wrote twice in a row', async () => {
    const order: string[] = [];
    const { system, iterate } = writers(
      (connection) => {
        connection.write(encode('head '));
        connection.write(encode('body'));
        order.push(`sent ${system.sent.length}, queued ${connection.queued}`);
      },
      (connection) => {
        connection.write(encode('other'));
        order.push(`sent ${system.sent.length}, queued ${connection.queued}`);
      },
    );
    await iterate();
    expect(order).toEqual(['sent 0, queued 9', 'sent 0, queued 5']);
    expect(system.sent).toEqual(['head body', 'other']);
  });

  test('leaves at once if it is written outside of one', () => {
    const { system, connect } = scripted();
    connect(5).write(encode('now'));
    expect(system.sent).toEqual(['now']);
  });

  test('keeps its order before a long piece, and before the end', async () => {
    const long = 'x'.repeat(32 * 1024);
    const { system, iterate } = writers((connection) => {
      connection.write(encode('first'));
      connection.write(encode(long));
      connection.write(encode('last'));
      connection.end();
    });
    await iterate();
    expect(system.sent).toEqual(['first', long, 'last', 'FIN']);
  });

  test('is sent before the connection is destroyed', async () => {
    const { system, iterate } = writers((connection) => {
      connection.write(encode('why'));
      connection.destroy();
    });
    await iterate();
    expect(system.sent).toEqual(['why']);
    expect(system.closed).toEqual([5]);
  });

  test('never reaches the next owner of a descriptor', async () => {
    const { system, connections, iterate } = writers(
      (connection) => connection.write(encode('mine')),
      () => {
        // Its peer's reset, read in the same batch.
        system.receives.unshift(-ECONNRESET);
        connections[0]?.onEvents(EVENT_IN | EVENT_ERR);
      },
    );
    await iterate();
    expect([system.sent, system.closed]).toEqual([[], [5]]);
  });

  test('waits in the queue where the kernel takes a part, and the next write says so', async () => {
    const { system, connections, iterate } = writers((connection) => connection.write(encode('abcdef')));
    system.sends.push(2);
    await iterate();
    const [connection] = connections;
    const events = record(connection!);
    expect([system.sent, connection?.queued]).toEqual([['ab'], 4]);
    expect(connection?.write(encode('gh'))).toBe(false);
    await system.happens(system.event(5, EVENT_OUT));
    expect(system.sent.join('')).toBe('abcdefgh');
    expect(events).toEqual(['drained']);
  });

  test('is told as an error of the connection when the peer is gone', async () => {
    const events: string[] = [];
    const { system, iterate } = writers((connection) => {
      connection.handler = { ...ignoreEvents, closed: (error) => void events.push(String(error !== undefined)) };
      connection.write(encode('lost'));
    });
    system.sends.push(-EPIPE);
    await iterate();
    await nextIteration();
    await nextIteration();
    expect([events, system.closed]).toEqual([['true'], [5]]);
  });

  /** Two connections whose bytes the reaction sends on to the third and fourth; what arrives is `fill`ed with letters. */
  function relays(...lengths: number[]) {
    const made = scripted();
    const receivers = lengths.map((_length, index) => made.connect(RECEIVER + index));
    const places: [number, number][] = [];
    let letter = 'a';
    made.system.onReceive = (at, length) => {
      made.system.received.fill(letter, at, at + length);
      letter = String.fromCharCode(letter.charCodeAt(0) + 1);
    };
    lengths.forEach((_length, index) => {
      const sender = made.connect(5 + index);
      sender.handler = {
        ...ignoreEvents,
        data: (bytes, start, end) => {
          places.push([start, end]);
          receivers[index]?.write(encode(`head ${index} `));
          receivers[index]?.write(bytes, start, end);
        },
      };
      sender.resume();
    });
    const iterate = (): Promise<void> => {
      made.system.receives.push(...lengths);
      return made.system.happens(...lengths.map((_length, index) => made.system.event(5 + index, EVENT_IN)));
    };
    return { ...made, receivers, places, iterate };
  }

  test('stays where it was received if it is long, and leaves behind what was staged', async () => {
    const { system, places, iterate } = relays(5_000, 100, 3_000);
    await iterate();
    expect(system.sent).toEqual([
      `head 0 ${'a'.repeat(5_000)}`,
      `head 1 ${'b'.repeat(100)}`,
      `head 2 ${'c'.repeat(3_000)}`,
    ]);
    // Nothing is received over what waits; what was copied may be overwritten.
    expect(places).toEqual([
      [0, 5_000],
      [5_056, 5_156],
      [5_056, 8_056],
    ]);
    await iterate();
    expect(places.slice(3)).toEqual([
      [0, 5_000],
      [5_056, 5_156],
      [5_056, 8_056],
    ]);
  });

  test('is sent before the receive buffer is full', async () => {
    const lengths = Array.from({ length: 24 }, () => 60_000);
    const { system, places, iterate } = relays(...lengths);
    await iterate();
    expect(system.sent.map((text) => text.slice(0, 8) + text.length)).toEqual(
      lengths.map(
        (_length, index) =>
          `head ${index} `.padEnd(8, String.fromCharCode(97 + index)).slice(0, 8) + (`head ${index} `.length + 60_000),
      ),
    );
    for (const [, end] of places) expect(end).toBeLessThanOrEqual(RECEIVED_LENGTH);
    expect(Math.max(...places.map(([start]) => start))).toBeGreaterThan(0);
  });

  test('of which the kernel takes a part waits in the queue, wherever it was cut', async () => {
    const whole = `head 0 ${'a'.repeat(2_000)}`;
    for (const taken of [-EAGAIN, 3, 7, 8, 1_999]) {
      const { system, receivers, iterate } = relays(2_000);
      system.sends.push(taken);
      await iterate();
      expect(receivers[0]?.queued).toBe(whole.length - Math.max(taken, 0));
      await system.happens(system.event(RECEIVER, EVENT_OUT));
      expect([system.sent.join(''), receivers[0]?.queued]).toEqual([whole, 0]);
    }
  });

  test('leaves after every 64 events of a large batch, and when there is no more room', async () => {
    const waited: number[] = [];
    const many = Array.from({ length: 100 }, () => (connection: EpollConnection): void => {
      waited.push(system.sent.length);
      connection.write(Buffer.alloc(100));
    });
    const { system, iterate } = writers(...many);
    await iterate();
    expect([waited[63], waited[64], system.sent.length]).toEqual([0, 64, 100]);
    const bulky = writers(
      ...Array.from(
        { length: 40 },
        () =>
          (connection: EpollConnection): void =>
            void connection.write(Buffer.alloc(16 * 1024)),
      ),
    );
    await bulky.iterate();
    expect(bulky.system.sent.map((text) => text.length)).toEqual(Array.from({ length: 40 }, () => 16 * 1024));
  });
});
