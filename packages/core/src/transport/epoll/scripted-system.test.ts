import { AsyncLocalStorage } from 'node:async_hooks';
import { constants } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { SockAddr } from '../../base/address.ts';
import { ignoreEvents } from '../../base/connection.ts';
import type { Connection, DirectConnection } from '../../base/connection.ts';
import { EpollConnection } from './connection/connection.ts';
import { EpollListener } from './listener.ts';
import { received } from './poller/outcome.ts';
import type { Outcome } from './poller/outcome.ts';
import { Poller, Watched } from './poller/poller.ts';
import {
  EVENT_ERR,
  EVENT_HUP,
  EVENT_IN,
  EVENT_OUT,
  EVENT_RDHUP,
  MAX_EVENTS,
  MOST_WAITED,
  RECEIVE_LENGTH,
  RECEIVED_LENGTH,
  STAGING_LENGTH,
} from './system/system.ts';
import type { LoopWatch, Pipe, SocketOption, System } from './system/system.ts';

const { EAGAIN, ECONNRESET, EINTR, EMFILE, ENOENT, EPERM, EPIPE } = constants.errno;
const REMOTE = { family: 'inet', address: '127.0.0.1', port: 7 } as const;

interface Event {
  readonly mask: number;
  readonly descriptor: number;
  readonly generation: number;
}

/** A kernel that does what a test says, for what a real one does only by chance. */
class ScriptedSystem implements System {
  readonly received = Buffer.alloc(RECEIVED_LENGTH);
  readonly staged = Buffer.alloc(STAGING_LENGTH);
  /** What `receive`, `send` and `accept` return, in turn; then EAGAIN. */
  readonly receives: number[] = [];
  readonly sends: number[] = [];
  readonly accepts: number[] = [];
  readonly batches: Event[][] = [];
  readonly closed: number[] = [];
  readonly sent: string[] = [];
  readonly generations = new Map<number, number>();
  referenced = true;
  #batch: Event[] = [];

  socket = (): number => 3;
  bind = (): number => 0;
  connect = (): number => 0;
  listen = (): number => 0;
  finish(): number {
    this.sent.push('FIN');
    return 0;
  }

  /** Errnos of the options that are refused, by `level/name`. */
  readonly refused = new Map<string, number>();
  setOption = (_descriptor: number, { level, name }: SocketOption): number => {
    return -(this.refused.get(`${level}/${name}`) ?? 0);
  };
  getOption = (): number => 0;
  /** Ends of the pipes that were made; pipes are refused while it is undefined. */
  pipes: Pipe[] | undefined = undefined;
  /** What `move` returns, in turn; then EAGAIN. */
  readonly moves: number[] = [];
  readonly moved: string[] = [];
  createEpoll = (): number => 99;
  releaseMemory = (): void => undefined;
  acceptedAddress = (): SockAddr => REMOTE;
  localAddress = (): SockAddr => ({ ...REMOTE, port: 8 });
  /** What the packet filter remembers; nothing while it is a number. */
  destination: SockAddr | number = -ENOENT;
  originalDestination = (): SockAddr | number => this.destination;
  readonly resets: number[] = [];

  resetOnClose(descriptor: number): number {
    this.resets.push(descriptor);
    return 0;
  }

  accept(): number {
    return this.accepts.shift() ?? -EAGAIN;
  }

  onReceive: (at: number, length: number) => void = () => undefined;

  receive(_descriptor: number, at: number): number {
    const length = this.receives.shift() ?? -EAGAIN;
    if (length > 0) this.onReceive(at, length);
    return length;
  }

  /** What `peek` returns. */
  peeked = -EAGAIN;
  peek = (): number => this.peeked;

  send(_descriptor: number, octets: Uint8Array, start: number, end: number): number {
    const result = Math.min(this.sends.shift() ?? end - start, end - start);
    if (result > 0) this.sent.push(Buffer.from(octets.subarray(start, start + result)).toString());
    return result;
  }

  sendStaged(descriptor: number, start: number, end: number): number {
    return this.send(descriptor, this.staged, start, end);
  }

  sendJoined(descriptor: number, start: number, end: number, from: number, to: number): number {
    const both = Buffer.concat([this.staged.subarray(start, end), this.received.subarray(from, to)]);
    return this.send(descriptor, both, 0, both.length);
  }

  createPipe(length: number): Pipe | number {
    if (this.pipes === undefined) return -EMFILE;
    const read = 200 + 2 * this.pipes.length;
    const pipe = { read, write: read + 1, length };
    this.pipes.push(pipe);
    return pipe;
  }

  move(from: number, to: number, length: number): number {
    const result = Math.min(this.moves.shift() ?? -EAGAIN, length);
    this.moved.push(`${from}→${to}: ${result}`);
    return result;
  }

  close(descriptor: number): number {
    this.closed.push(descriptor);
    return 0;
  }

  watch(_epoll: number, descriptor: number, _events: number, generation: number): number {
    this.generations.set(descriptor, generation);
    return 0;
  }

  /** Who listens to what, in the order of the changes. */
  readonly rewatched: string[] = [];

  rewatch(_epoll: number, descriptor: number, events: number): number {
    this.rewatched.push(`${descriptor}: ${(events & EVENT_IN) === 0 ? 'room' : 'everything'}`);
    return 0;
  }

  /** The times that were offered to each call of `wait`. */
  readonly waits: number[] = [];

  wait(_epoll: number, milliseconds: number): number {
    this.waits.push(milliseconds);
    this.#batch = this.batches.shift() ?? [];
    return this.#batch.length;
  }

  eventMask = (index: number): number => this.#batch[index]?.mask ?? 0;
  eventDescriptor = (index: number): number => this.#batch[index]?.descriptor ?? 0;
  eventGeneration = (index: number): number => this.#batch[index]?.generation ?? 0;

  joinLoop(): LoopWatch {
    return {
      ref: () => void (this.referenced = true),
      unref: () => void (this.referenced = false),
    };
  }

  /** An event of whoever has the descriptor now. */
  event(descriptor: number, mask: number): Event {
    return { mask, descriptor, generation: this.generations.get(descriptor) ?? 0 };
  }

  /** Has the loop see these events, and waits until they are handled. */
  async happens(...events: Event[]): Promise<void> {
    this.batches.push(events);
    await nextTurn();
    await nextTurn();
  }
}

class Recorder extends Watched {
  readonly masks: number[] = [];
  worked = 0;
  readonly #react: (() => void) | undefined;
  /** Bytes that each event and each piece of work receives. */
  readonly #bytes: number;

  constructor(react?: () => void, bytes = 0) {
    super();
    this.#react = react;
    this.#bytes = bytes;
  }

  override onEvents(mask: number): Outcome {
    this.masks.push(mask);
    this.#react?.();
    return received(this.#bytes);
  }

  override onWork(): Outcome {
    this.worked += 1;
    return received(this.#bytes);
  }
}

const ignoredConnection: Connection = {
  local: REMOTE,
  remote: REMOTE,
  handler: ignoreEvents,
  queued: 0,
  write: () => true,
  pause: () => undefined,
  resume: () => undefined,
  end: () => undefined,
  destroy: () => undefined,
};

function scripted() {
  const system = new ScriptedSystem();
  const poller = new Poller(system, true);
  const connect = (descriptor = 5): EpollConnection => {
    const connection = new EpollConnection(poller, descriptor, REMOTE);
    poller.add(descriptor, connection);
    return connection;
  };
  return { system, poller, connect };
}

function record(connection: EpollConnection): string[] {
  const events: string[] = [];
  connection.handler = {
    data: (_octets, start, end) => void events.push(`data ${end - start}`),
    forwarded: (octets) => void events.push(`forwarded ${octets}`),
    drained: () => void events.push('drained'),
    ended: () => void events.push('ended'),
    closed: (error) => void events.push(error === undefined ? 'closed' : `closed: ${error.message}`),
  };
  return events;
}

test('an event for a descriptor that was closed earlier in the batch is dropped', async () => {
  const { system, poller } = scripted();
  const second = new Recorder();
  const first = new Recorder(() => poller.close(6));
  poller.add(5, first);
  poller.add(6, second);
  await system.happens(system.event(5, EVENT_IN), system.event(6, EVENT_IN));
  expect(first.masks).toEqual([EVENT_IN]);
  expect(second.masks).toEqual([]);
});

test('a descriptor number with a new owner does not get the events of the old one', async () => {
  const { system, poller } = scripted();
  const newcomer = new Recorder();
  const old = new Recorder();
  const first = new Recorder(() => {
    poller.close(6);
    poller.add(6, newcomer);
  });
  poller.add(5, first);
  poller.add(6, old);
  await system.happens(system.event(5, EVENT_IN), system.event(6, EVENT_HUP));
  expect([old.masks, newcomer.masks]).toEqual([[], []]);
  await system.happens(system.event(6, EVENT_IN));
  expect(newcomer.masks).toEqual([EVENT_IN]);
});

test('events wait for setImmediate, and the process for as long as something is watched', async () => {
  const { system, poller } = scripted();
  expect(system.referenced).toBe(false);
  const recorder = new Recorder();
  poller.add(5, recorder);
  expect([system.referenced, poller.watching]).toEqual([true, 1]);
  system.batches.push([system.event(5, EVENT_IN)]);
  expect(recorder.masks).toEqual([]);
  await nextTurn();
  expect(recorder.masks).toEqual([EVENT_IN]);
  poller.close(5);
  expect([system.referenced, poller.watching]).toEqual([false, 0]);
});

test('work is done once, in a later call, and what it queues has its turn in the next round', async () => {
  const { poller } = scripted();
  const recorder = new Recorder();
  poller.queue(recorder);
  poller.queue(recorder);
  expect(recorder.worked).toBe(0);
  await nextTurn();
  expect(recorder.worked).toBe(1);
});

test('whoever is closed in a turn is told at its end, once, also when another one throws', async () => {
  const { system, connect } = scripted();
  const first = connect(5);
  const second = connect(6);
  const told: string[] = [];
  const failed = Promise.withResolvers<unknown>();
  first.handler = {
    ...ignoreEvents,
    data: () => {
      second.destroy();
      first.destroy();
      told.push('data');
    },
    closed: () => void told.push('first'),
  };
  second.handler = {
    ...ignoreEvents,
    closed: () => {
      told.push('second');
      throw new Error('a defect');
    },
  };
  first.resume();
  system.receives.push(1);
  process.once('uncaughtException', failed.resolve);
  await system.happens(system.event(5, EVENT_IN));
  await nextTurn();
  expect(await failed.promise).toMatchObject({ message: 'a defect' });
  expect(told).toEqual(['data', 'second', 'first']);
});

test('a connection that is closed outside of a turn is told from the event loop', async () => {
  const { connect } = scripted();
  const connection = connect();
  const events = record(connection);
  connection.destroy();
  expect(events).toEqual([]);
  await nextTurn();
  await nextTurn();
  expect(events).toEqual(['closed']);
});

test('after the end of both sides the connection is closed, which sends FIN by itself', async () => {
  const { system, connect } = scripted();
  const connection = connect();
  const events = record(connection);
  connection.resume();
  system.receives.push(0);
  await system.happens(system.event(5, EVENT_IN | EVENT_RDHUP));
  connection.end();
  await nextTurn();
  await nextTurn();
  expect(events).toEqual(['ended', 'closed']);
  expect([system.sent, system.closed]).toEqual([[], [5]]);
});

describe('an end after which the peer sends nothing', () => {
  test('closes the connection, which sends FIN by itself', async () => {
    const { system, connect } = scripted();
    const connection = connect();
    const events = record(connection);
    connection.write(Buffer.from('last'));
    connection.end(true);
    expect([system.sent, system.closed, system.resets]).toEqual([['last'], [5], []]);
    await nextTurn();
    await nextTurn();
    expect(events).toEqual(['closed']);
  });

  test('does so when all that was queued has gone out', async () => {
    const { system, connect } = scripted();
    const connection = connect();
    const events = record(connection);
    system.sends.push(-EAGAIN);
    connection.write(Buffer.from('queued'));
    connection.end(true);
    expect(system.closed).toEqual([]);
    await system.happens(system.event(5, EVENT_OUT));
    expect([system.sent.join(''), system.closed, system.resets]).toEqual(['queued', [5], []]);
    expect(events).toContain('closed');
  });

  test('leaves it open when the peer has sent something nevertheless: closing would be a reset', async () => {
    const { system, connect } = scripted();
    const connection = connect();
    record(connection);
    await system.happens(system.event(5, EVENT_IN));
    connection.end(true);
    expect([system.sent, system.closed]).toEqual([['FIN'], []]);
    connection.destroy();
  });
});

test('turns are not in the asynchronous context of whoever opened the first connection', async () => {
  const context = new AsyncLocalStorage<string>();
  const { system, poller } = scripted();
  const seen: (string | undefined)[] = [];
  const recorder = new Recorder(() => void seen.push(context.getStore()));
  context.run('a request', () => poller.add(5, recorder));
  await system.happens(system.event(5, EVENT_IN));
  await system.happens(system.event(5, EVENT_IN));
  expect(seen).toEqual([undefined, undefined]);
});

test('a handler that throws when it hears of the end does not keep the connection open', async () => {
  const { system, connect } = scripted();
  const connection = connect();
  const failed = Promise.withResolvers<unknown>();
  const closed = Promise.withResolvers<void>();
  connection.handler = {
    ...ignoreEvents,
    ended: () => {
      throw new Error('a defect');
    },
    closed: () => closed.resolve(),
  };
  connection.resume();
  connection.end();
  system.receives.push(0);
  process.once('uncaughtException', failed.resolve);
  await system.happens(system.event(5, EVENT_IN | EVENT_RDHUP));
  expect(await failed.promise).toMatchObject({ message: 'a defect' });
  await closed.promise;
  expect(system.closed).toEqual([5]);
});

test('what was begun in a turn and is done already is part of that turn', async () => {
  const { system, poller } = scripted();
  const begun = new Recorder();
  const beginning = new Recorder(() => {
    poller.add(6, begun);
    poller.expectEvent();
    system.batches.push([system.event(6, EVENT_OUT)]);
  });
  poller.add(5, beginning);
  system.batches.push([system.event(5, EVENT_IN)]);
  await nextTurn();
  expect(begun.masks).toEqual([EVENT_OUT]);
});

test('a batch that received much continues in the next turn of the loop', async () => {
  const { system, poller } = scripted();
  const greedy = (): Recorder => new Recorder(undefined, 512 * 1024);
  const recorders = Array.from({ length: 5 }, greedy);
  for (const [index, recorder] of recorders.entries()) poller.add(index, recorder);
  const handled = (): number => recorders.filter((recorder) => recorder.masks.length > 0).length;
  const perTurn: number[] = [];
  system.batches.push(recorders.map((_recorder, index) => system.event(index, EVENT_IN)));
  for (let turn = 0; turn < 3; turn += 1) {
    await nextTurn();
    perTurn.push(handled());
  }
  expect(perTurn).toEqual([2, 4, 5]);
});

test('work without end leaves events their turn', async () => {
  const { system, poller } = scripted();
  class Bulky extends Recorder {
    override onWork(): Outcome {
      const outcome = super.onWork();
      if (this.worked < 100) poller.queue(this);
      return outcome;
    }
  }
  const bulky = [1, 2, 3].map(() => new Bulky(undefined, 1024 * 1024));
  for (const each of bulky) poller.queue(each);
  const small = new Recorder();
  poller.add(5, small);
  system.batches.push([system.event(5, EVENT_IN)]);
  await nextTurn();
  expect(small.masks).toEqual([EVENT_IN]);
  for (let turn = 0; turn < 5; turn += 1) await nextTurn();
  // One of them per turn, and none of them twice before the others.
  expect(bulky.map((each) => each.worked)).toEqual([2, 2, 2]);
});

test('a handler that throws costs nobody else an event, and its own connection nothing either', async () => {
  const { system, connect } = scripted();
  const first = connect(5);
  const second = connect(6);
  const events = record(second);
  const survived: string[] = [];
  first.handler = {
    ...ignoreEvents,
    data: () => {
      survived.push('data');
      if (survived.length === 1) throw new Error('a bug in a handler');
    },
    ended: () => void survived.push('ended'),
  };
  first.resume();
  second.resume();
  const uncaught = vi.fn<() => void>();
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.once('uncaughtException', uncaught);
  system.receives.push(RECEIVE_LENGTH, 20, 0, 7);
  await system.happens(system.event(5, EVENT_IN | EVENT_RDHUP), system.event(6, EVENT_IN));
  await nextTurn();
  for (const listener of listeners) process.on('uncaughtException', listener);
  expect(uncaught).toHaveBeenCalledOnce();
  expect(survived).toEqual(['data', 'data', 'ended']);
  expect(events).toEqual(['data 7']);
});

describe('what is written in a turn', () => {
  const octets = (text: string): Buffer => Buffer.from(text);

  /** Three connections that write `texts` when octets come, then do what `then` says. */
  function writers(...reactions: ((connection: EpollConnection, index: number) => void)[]) {
    const { system, poller, connect } = scripted();
    const connections = reactions.map((react, index) => {
      const connection = connect(5 + index);
      connection.handler = { ...ignoreEvents, data: () => react(connection, index) };
      connection.resume();
      return connection;
    });
    const turn = (): Promise<void> => {
      system.receives.push(...connections.map(() => 1));
      return system.happens(...connections.map((_connection, index) => system.event(5 + index, EVENT_IN)));
    };
    return { system, poller, connections, turn };
  }

  test('leaves at its end, joined where one connection wrote twice in a row', async () => {
    const order: string[] = [];
    const { system, turn } = writers(
      (connection) => {
        connection.write(octets('head '));
        connection.write(octets('body'));
        order.push(`sent ${system.sent.length}, queued ${connection.queued}`);
      },
      (connection) => {
        connection.write(octets('other'));
        order.push(`sent ${system.sent.length}, queued ${connection.queued}`);
      },
    );
    await turn();
    expect(order).toEqual(['sent 0, queued 9', 'sent 0, queued 5']);
    expect(system.sent).toEqual(['head body', 'other']);
  });

  test('outside a turn leaves at once', () => {
    const { system, connect } = scripted();
    connect(5).write(octets('now'));
    expect(system.sent).toEqual(['now']);
  });

  test('keeps its order before a long piece, and before the end', async () => {
    const long = 'x'.repeat(32 * 1024);
    const { system, turn } = writers((connection) => {
      connection.write(octets('first'));
      connection.write(octets(long));
      connection.write(octets('last'));
      connection.end();
    });
    await turn();
    expect(system.sent).toEqual(['first', long, 'last', 'FIN']);
  });

  test('is sent before the connection is destroyed', async () => {
    const { system, turn } = writers((connection) => {
      connection.write(octets('why'));
      connection.destroy();
    });
    await turn();
    expect(system.sent).toEqual(['why']);
    expect(system.closed).toEqual([5]);
  });

  test('never reaches the next owner of a descriptor', async () => {
    const { system, connections, turn } = writers(
      (connection) => connection.write(octets('mine')),
      () => {
        // Its peer's reset, read in the same batch.
        system.receives.unshift(-ECONNRESET);
        connections[0]?.onEvents(EVENT_IN | EVENT_ERR);
      },
    );
    await turn();
    expect([system.sent, system.closed]).toEqual([[], [5]]);
  });

  test('waits in the queue where the kernel takes a part, and the next write says so', async () => {
    const { system, connections, turn } = writers((connection) => connection.write(octets('abcdef')));
    system.sends.push(2);
    await turn();
    const [connection] = connections;
    const events = record(connection!);
    expect([system.sent, connection?.queued]).toEqual([['ab'], 4]);
    expect(connection?.write(octets('gh'))).toBe(false);
    await system.happens(system.event(5, EVENT_OUT));
    expect(system.sent.join('')).toBe('abcdefgh');
    expect(events).toEqual(['drained']);
  });

  test('is told as an error of the connection when the peer is gone', async () => {
    const events: string[] = [];
    const { system, turn } = writers((connection) => {
      connection.handler = { ...ignoreEvents, closed: (error) => void events.push(String(error !== undefined)) };
      connection.write(octets('lost'));
    });
    system.sends.push(-EPIPE);
    await turn();
    await nextTurn();
    await nextTurn();
    expect([events, system.closed]).toEqual([['true'], [5]]);
  });

  /** Two connections whose octets the reaction sends on to the third and fourth; what arrives is `fill`ed with letters. */
  function relays(...lengths: number[]) {
    const made = scripted();
    const receivers = lengths.map((_length, index) => made.connect(20 + index));
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
          receivers[index]?.write(octets(`head ${index} `));
          receivers[index]?.write(bytes, start, end);
        },
      };
      sender.resume();
    });
    const turn = (): Promise<void> => {
      made.system.receives.push(...lengths);
      return made.system.happens(...lengths.map((_length, index) => made.system.event(5 + index, EVENT_IN)));
    };
    return { ...made, receivers, places, turn };
  }

  test('stays where it was received if it is long, and leaves behind what was staged', async () => {
    const { system, places, turn } = relays(5_000, 100, 3_000);
    await turn();
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
    await turn();
    expect(places.slice(3)).toEqual([
      [0, 5_000],
      [5_056, 5_156],
      [5_056, 8_056],
    ]);
  });

  test('is sent before the receive buffer is full', async () => {
    const lengths = Array.from({ length: 24 }, () => 60_000);
    const { system, places, turn } = relays(...lengths);
    await turn();
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
      const { system, receivers, turn } = relays(2_000);
      system.sends.push(taken);
      await turn();
      expect(receivers[0]?.queued).toBe(whole.length - Math.max(taken, 0));
      await system.happens(system.event(20, EVENT_OUT));
      expect([system.sent.join(''), receivers[0]?.queued]).toEqual([whole, 0]);
    }
  });

  test('leaves after every 64 events of a large batch, and when there is no more room', async () => {
    const waited: number[] = [];
    const many = Array.from({ length: 100 }, () => (connection: EpollConnection): void => {
      waited.push(system.sent.length);
      connection.write(Buffer.alloc(100));
    });
    const { system, turn } = writers(...many);
    await turn();
    expect([waited[63], waited[64], system.sent.length]).toEqual([0, 64, 100]);
    const bulky = writers(
      ...Array.from(
        { length: 40 },
        () =>
          (connection: EpollConnection): void =>
            void connection.write(Buffer.alloc(16 * 1024)),
      ),
    );
    await bulky.turn();
    expect(bulky.system.sent.map((text) => text.length)).toEqual(Array.from({ length: 40 }, () => 16 * 1024));
  });
});

test('a write that the kernel takes in part is continued when it has room again', async () => {
  const { system, connect } = scripted();
  const connection = connect();
  const events = record(connection);
  system.sends.push(3, -EAGAIN, 2);
  expect(connection.write(Buffer.from('0123456789'))).toBe(false);
  expect(connection.queued).toBe(7);
  await system.happens(system.event(5, EVENT_OUT));
  expect(connection.queued).toBe(7);
  await system.happens(system.event(5, EVENT_OUT));
  expect(connection.queued).toBe(5);
  expect(events).toEqual([]);
  await system.happens(system.event(5, EVENT_OUT));
  expect(connection.queued).toBe(0);
  expect(events).toEqual(['drained']);
  expect(system.sent).toEqual(['012', '34', '56789']);
});

test('a signal that interrupts sending or receiving loses nothing', async () => {
  const { system, connect } = scripted();
  const connection = connect();
  const events = record(connection);
  connection.resume();
  system.sends.push(-EINTR, -EINTR);
  expect(connection.write(Buffer.from('octets'))).toBe(false);
  await nextTurn();
  await nextTurn();
  expect(system.sent).toEqual(['octets']);
  system.receives.push(-EINTR, 4);
  await system.happens(system.event(5, EVENT_IN));
  await nextTurn();
  expect(events).toEqual(['drained', 'data 4']);
});

test('what is known to be left unread is pending', async () => {
  const { system, connect } = scripted();
  const connection = connect(5);
  const seen: boolean[] = [];
  connection.handler = { ...ignoreEvents, data: () => void seen.push(connection.pending) };
  connection.resume();
  expect(connection.pending).toBe(false);
  system.receives.push(RECEIVE_LENGTH, 10);
  await system.happens(system.event(5, EVENT_IN));
  await nextTurn();
  expect([seen, connection.pending]).toEqual([[true, false], false]);
});

test('a full receive buffer is followed by another turn, a short one is not', async () => {
  const { system, connect } = scripted();
  const connection = connect();
  const events = record(connection);
  connection.resume();
  system.receives.push(RECEIVE_LENGTH, RECEIVE_LENGTH, 5, 6);
  await system.happens(system.event(5, EVENT_IN));
  await nextTurn();
  await nextTurn();
  expect(events).toEqual([`data ${RECEIVE_LENGTH}`, `data ${RECEIVE_LENGTH}`, 'data 5']);
});

test('an end behind the last octets is read without another event', async () => {
  const { system, connect } = scripted();
  const connection = connect();
  const events = record(connection);
  connection.resume();
  system.receives.push(10, 0);
  await system.happens(system.event(5, EVENT_IN | EVENT_RDHUP));
  expect(events).toEqual(['data 10', 'ended']);
});

test('there is news when the system says so, or an event has, or the connection is closed', () => {
  const { system, connect } = scripted();
  const connection = connect();
  expect([connection.pending, connection.hasNews()]).toEqual([false, false]);
  system.peeked = 1;
  expect([connection.pending, connection.hasNews()]).toEqual([false, true]);
  system.peeked = -EAGAIN;
  connection.onEvents(EVENT_IN);
  expect(connection.hasNews()).toBe(true);
  const closed = connect(6);
  closed.destroy();
  closed.acknowledge();
  expect(closed.hasNews()).toBe(true);
});

test('in a turn the events that were taken say whether there is news, and the system is not asked', async () => {
  const { system, connect } = scripted();
  const peek = vi.spyOn(system, 'peek');
  const [asking, later, quiet] = [connect(5), connect(6), connect(7)];
  const news: boolean[] = [];
  asking.handler = { ...ignoreEvents, data: () => void news.push(later.hasNews(), quiet.hasNews()) };
  asking.resume();
  system.receives.push(10);
  await system.happens(system.event(5, EVENT_IN), system.event(6, EVENT_IN));
  expect(news).toEqual([true, false]);
  expect(peek).not.toHaveBeenCalled();
});

test('when there may be more events than were taken, the system is asked whether there is news', async () => {
  const { system, connect } = scripted();
  const peek = vi.spyOn(system, 'peek');
  const [asking, quiet] = [connect(5), connect(7)];
  const news: boolean[] = [];
  asking.handler = { ...ignoreEvents, data: () => void news.push(quiet.hasNews()) };
  asking.resume();
  system.receives.push(10);
  system.peeked = 1;
  await system.happens(...Array.from({ length: MAX_EVENTS }, () => system.event(5, EVENT_IN)));
  expect(news).toEqual([true]);
  expect(peek).toHaveBeenCalledExactlyOnceWith(7);
});

test('to acknowledge is one option, and none for sockets in the file system', () => {
  const { system, poller, connect } = scripted();
  const options = vi.spyOn(system, 'setOption');
  connect().acknowledge();
  expect(options).toHaveBeenCalledExactlyOnceWith(5, { level: 6, name: 12 }, 2);
  new EpollConnection(poller, 7, { family: 'unix', path: '/a' }).acknowledge();
  expect(options).toHaveBeenCalledTimes(1);
});

test('an event while paused is remembered until resume', async () => {
  const { system, connect } = scripted();
  const connection = connect();
  const events = record(connection);
  system.receives.push(10, 0);
  await system.happens(system.event(5, EVENT_IN | EVENT_RDHUP));
  expect(events).toEqual([]);
  connection.resume();
  await nextTurn();
  expect(events).toEqual(['data 10', 'ended']);
});

test('a peer that hung up while we were sending: what it had sent is delivered before the error', async () => {
  const { system, connect } = scripted();
  const connection = connect();
  const events = record(connection);
  connection.resume();
  system.sends.push(-EPIPE);
  system.receives.push(30, -ECONNRESET);
  connection.write(Buffer.from('a long body'));
  expect(connection.write(Buffer.from('more of it'))).toBe(true);
  await nextTurn();
  await nextTurn();
  expect(events).toEqual(['data 30', expect.stringMatching(/^closed: .*EPIPE/)]);
  expect(system.closed).toEqual([5]);
});

test('a reset is an error with its errno, also after octets', async () => {
  const { system, connect } = scripted();
  const connection = connect();
  const events = record(connection);
  connection.resume();
  system.receives.push(10, -ECONNRESET);
  await system.happens(system.event(5, EVENT_IN | EVENT_ERR | EVENT_HUP));
  await nextTurn();
  expect(events).toEqual(['data 10', expect.stringContaining('ECONNRESET')]);
});

test('descriptors run out: accepting pauses, and resumes when one is closed', async () => {
  const { system, poller, connect } = scripted();
  const other = connect(9);
  const accepted: number[] = [];
  const listener = EpollListener.open(poller, REMOTE, {}, () => accepted.push(1));
  if ('errno' in listener) throw new Error('not listening');
  system.accepts.push(20, -EMFILE, 21);
  await system.happens(system.event(3, EVENT_IN));
  expect(accepted).toHaveLength(1);
  await system.happens();
  expect(accepted).toHaveLength(1);
  other.destroy();
  await nextTurn();
  await nextTurn();
  expect(accepted).toHaveLength(2);
  await listener.close();
});

test('descriptors run out and none of ours is closed: accepting is tried again before long', async () => {
  const { system, poller } = scripted();
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const listener = EpollListener.open(poller, REMOTE, {}, resolve);
  if ('errno' in listener) throw new Error('not listening');
  system.accepts.push(-EMFILE, 20);
  await system.happens(system.event(3, EVENT_IN));
  await promise;
  await listener.close();
});

test('a flood of clients is accepted in rounds', async () => {
  const { system, poller, connect } = scripted();
  const connection = connect(9);
  const events = record(connection);
  connection.resume();
  const accepted: unknown[] = [];
  const listener = EpollListener.open(poller, REMOTE, {}, (client) => accepted.push(client));
  if ('errno' in listener) throw new Error('not listening');
  for (let client = 0; client < 1000; client += 1) system.accepts.push(100 + client);
  system.receives.push(5);
  system.batches.push([system.event(3, EVENT_IN), system.event(9, EVENT_IN)]);
  await nextTurn();
  expect(accepted.length).toBeLessThan(100);
  expect(events).toEqual(['data 5']);
  while (accepted.length < 1000) await nextTurn();
  await listener.close();
});

test('a listener closed from within accept still takes those who wait, who would be reset, and no further client', async () => {
  const { system, poller } = scripted();
  let accepted = 0;
  const listener = EpollListener.open(poller, REMOTE, {}, () => {
    accepted += 1;
    if (!('errno' in listener)) void listener.close();
  });
  system.accepts.push(20, 21);
  await system.happens(system.event(3, EVENT_IN));
  expect(accepted).toBe(2);
  expect(system.closed).toEqual([3]);
  system.accepts.push(22);
  await system.happens(system.event(3, EVENT_IN));
  expect(accepted).toBe(2);
});

describe('forwarding', () => {
  function pair() {
    const made = scripted();
    const sender = made.connect(5);
    const receiver = made.connect(6);
    const events = record(sender);
    const receiverEvents = record(receiver);
    sender.resume();
    return { ...made, sender, receiver, events, receiverEvents };
  }

  test('asks a slow sender again, a bounded number of times, before others have their turn', async () => {
    const { system, poller, sender, receiver, events } = pair();
    system.pipes = [];
    sender.forward(receiver);
    system.moves.push(...Array.from({ length: 22 }, () => 10));
    const order: string[] = [];
    const neighbour = new Recorder(() => order.push(...events));
    poller.add(7, neighbour);
    system.batches.push([system.event(7, EVENT_IN)]);
    await nextTurn();
    expect(order).toEqual(['forwarded 80']);
    await nextTurn();
    expect(events).toEqual(['forwarded 80', 'forwarded 30']);
  });

  test('of much is waited for within the turn; of little, or beside anything else, it is not', async () => {
    const { system, poller, sender, receiver, events, receiverEvents } = pair();
    const neighbour = new Recorder();
    poller.add(7, neighbour);
    system.pipes = [];
    sender.forward(receiver);
    await nextTurn();
    system.waits.length = 0;

    system.moves.push(100_000, 100_000, -EAGAIN, 10, 10, -EAGAIN);
    system.batches.push([system.event(5, EVENT_IN)], [system.event(5, EVENT_IN)]);
    await nextTurn();
    expect(events).toEqual(['forwarded 100000', 'forwarded 10']);
    expect(system.waits).toEqual([0, MOST_WAITED, MOST_WAITED]);

    system.waits.length = 0;
    system.moves.push(10, 10, -EAGAIN);
    system.batches.push([system.event(5, EVENT_IN)]);
    await nextTurn();
    expect(system.waits).toEqual([0, 0]);

    system.waits.length = 0;
    system.moves.push(100_000, 100_000, -EAGAIN);
    system.batches.push([system.event(5, EVENT_IN), system.event(7, EVENT_IN)]);
    await nextTurn();
    expect(neighbour.masks).toEqual([EVENT_IN]);
    expect(system.waits).toEqual([0]);

    // Work may settle promises, whose continuations are for the end of the turn.
    system.waits.length = 0;
    system.moves.push(100_000, 100_000, -EAGAIN);
    system.batches.push([system.event(5, EVENT_IN)]);
    poller.queue(neighbour);
    await nextTurn();
    expect([neighbour.worked, ...system.waits]).toEqual([1, 0]);

    // So may whoever hears that there is room again.
    system.waits.length = 0;
    system.sends.push(-EAGAIN);
    receiver.write(Buffer.from('x'));
    system.moves.push(100_000, 100_000, -EAGAIN);
    system.batches.push([system.event(6, EVENT_OUT)]);
    await nextTurn();
    expect([...receiverEvents, ...system.waits]).toEqual(['drained', 0]);
  });

  test('is not waited for before what was written meanwhile is sent', async () => {
    const { system, connect, sender, receiver } = pair();
    const third = connect(7);
    system.pipes = [];
    sender.forward(receiver);
    sender.handler = { ...ignoreEvents, forwarded: () => void third.write(Buffer.from('x')) };
    // More than one piece of work carries: the rest is work of the same turn.
    system.moves.push(...Array.from({ length: 2 * 8 }, () => 50_000), 10, 10, -EAGAIN);
    const sentBefore: number[] = [];
    const wait = system.wait.bind(system);
    system.wait = (epoll, milliseconds) => {
      if (milliseconds > 0) sentBefore.push(system.sent.length);
      return wait(epoll, milliseconds);
    };
    system.batches.push([system.event(5, EVENT_IN)]);
    await nextTurn();
    expect(system.sent).toEqual(['x', 'x']);
    expect(sentBefore).toEqual([2]);
  });

  test('is not waited for when the time of the turn is over', async () => {
    const { system, sender, receiver } = pair();
    system.pipes = [];
    sender.forward(receiver);
    system.moves.push(...Array.from({ length: 2 * 8 }, () => 50_000), 10, 10, -EAGAIN);
    sender.handler = {
      ...ignoreEvents,
      forwarded: (octets) => {
        // The work of the second round takes longer than a turn may go on.
        const until = performance.now() + (octets === 10 ? 5 : 0);
        while (performance.now() < until);
      },
    };
    system.batches.push([system.event(5, EVENT_IN)]);
    await nextTurn();
    expect(system.moves).toEqual([]);
    expect(system.waits).toEqual([0, 0]);
  });

  test('without end leaves the loop its turn nevertheless', async () => {
    const { system, sender, receiver, events } = pair();
    system.pipes = [];
    sender.forward(receiver);
    system.move = (_from, _to, length) => Math.min(100_000, length);
    const wait = system.wait.bind(system);
    system.wait = (...parameters) => {
      system.batches.push([system.event(5, EVENT_IN)]);
      return wait(...parameters);
    };
    await nextTurn();
    await nextTurn();
    expect(events.length).toBeGreaterThan(1);
    sender.destroy();
  });

  test('does not hold up what was written in the same turn', async () => {
    const { system, sender, receiver } = pair();
    system.pipes = [];
    sender.forward(receiver);
    receiver.handler = { ...ignoreEvents, data: () => void sender.write(Buffer.from('up')) };
    receiver.resume();
    system.receives.push(2);
    const pieces = [1, 2, 3].map(() => 1024 * 1024);
    system.moves.push(...pieces.flatMap((piece) => [piece, piece]));
    system.batches.push([system.event(6, EVENT_IN | EVENT_OUT)]);
    const sentBefore: number[] = [];
    const move = system.move.bind(system);
    system.move = (...parameters) => {
      sentBefore.push(system.sent.length);
      return move(...parameters);
    };
    await nextTurn();
    await nextTurn();
    expect(system.sent).toEqual(['up']);
    expect(sentBefore.at(-1)).toBe(1);
  });

  test('goes through a pipe, and only while octets are on their way', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { system, sender, receiver, events } = pair();
    system.pipes = [];
    expect(sender.forward(receiver)).toBe(true);
    system.moves.push(100, 60, 40, 50, 50);
    await nextTurn();
    await nextTurn();
    await nextTurn();
    expect(events).toEqual(['forwarded 150']);
    expect(system.moved).toEqual(['5→201: 100', '200→6: 60', '200→6: 40', '5→201: 50', '200→6: 50', '5→201: -11']);
    sender.destroy();
    receiver.destroy();
    // The next one to forward mostly is not far: the pipe is kept for a moment.
    expect(system.closed).toEqual([5, 6]);
    vi.advanceTimersByTime(1_000);
    expect(system.closed.toSorted((a, b) => a - b)).toEqual([5, 6, 200, 201]);
  });

  test('waits for the receiver, keeps what is on its way, and asks the sender for no more', async () => {
    const { system, sender, receiver, events } = pair();
    system.pipes = [];
    sender.forward(receiver);
    system.moves.push(100, 30, -EAGAIN);
    await nextTurn();
    expect(events).toEqual(['forwarded 30']);
    await system.happens(system.event(5, EVENT_IN));
    expect(system.moved).toHaveLength(3);
    system.moves.push(70, 0);
    await system.happens(system.event(6, EVENT_OUT));
    await nextTurn();
    expect(events).toEqual(['forwarded 30', 'forwarded 70', 'ended']);
    expect(system.moved.slice(3)).toEqual(['200→6: 70', '5→201: 0']);
    // Meanwhile the sender's octets wake nobody.
    expect(system.rewatched).toEqual(['5: room', '5: everything']);
  });

  test('a pause stops it, except for what is on its way', async () => {
    const { system, sender, receiver, events } = pair();
    system.pipes = [];
    sender.forward(receiver);
    system.moves.push(100, -EAGAIN);
    await nextTurn();
    sender.pause();
    system.moves.push(100);
    await system.happens(system.event(6, EVENT_OUT));
    await system.happens(system.event(5, EVENT_IN));
    expect(events).toEqual(['forwarded 100']);
    system.moves.push(7, 7);
    sender.resume();
    await nextTurn();
    await nextTurn();
    expect(events).toEqual(['forwarded 100', 'forwarded 7']);
  });

  test('without a pipe copies, at the pace of the receiver, whose owner hears nothing of it', async () => {
    const { system, sender, receiver, events, receiverEvents } = pair();
    expect(sender.forward(receiver)).toBe(true);
    system.receives.push(10, 20, 0);
    system.sends.push(10, -EAGAIN);
    await nextTurn();
    await nextTurn();
    await nextTurn();
    expect(events).toEqual(['forwarded 10', 'forwarded 20']);
    expect(receiver.queued).toBe(20);
    await system.happens(system.event(6, EVENT_OUT));
    expect(events).toEqual(['forwarded 10', 'forwarded 20', 'ended']);
    expect(receiverEvents).toEqual([]);
  });

  test('begins when what the owner had written has gone out', async () => {
    const { system, sender, receiver, events } = pair();
    system.pipes = [];
    system.sends.push(-EAGAIN);
    receiver.write(Buffer.from('before'));
    sender.forward(receiver);
    system.moves.push(5, 5);
    await nextTurn();
    expect(events).toEqual([]);
    await system.happens(system.event(6, EVENT_OUT));
    expect(system.sent).toEqual(['before']);
    expect(events).toEqual(['forwarded 5']);
  });

  test('a receiver that is reset is told to its owner; what was on its way is dropped with its pipe', async () => {
    const { system, sender, receiver, events, receiverEvents } = pair();
    system.pipes = [];
    sender.forward(receiver);
    system.moves.push(100, -EPIPE);
    await nextTurn();
    await nextTurn();
    await nextTurn();
    expect(receiverEvents).toEqual([expect.stringMatching(/^closed: .*EPIPE/)]);
    expect(system.closed.toSorted((a, b) => a - b)).toEqual([6, 200, 201]);
    sender.destroy();
    await nextTurn();
    expect(events).toEqual(['closed']);
  });

  test('to a receiver that is given up while it has no room does not hold up the next', async () => {
    const { system, sender, receiver, connect } = pair();
    system.pipes = [];
    const carried: string[] = [];
    const next = connect(7);
    record(next);
    sender.handler = {
      ...ignoreEvents,
      forwarded(octets) {
        carried.push(`${octets}`);
        if (carried.length > 1) return;
        receiver.destroy();
        sender.forward(next);
      },
    };
    sender.forward(receiver);
    system.moves.push(100, 30, -EAGAIN);
    await nextTurn();
    system.moves.push(50, 50);
    await nextTurn();
    await nextTurn();
    expect(carried).toEqual(['30', '50']);
  });

  test('of so many octets ends after them, and what follows is delivered', async () => {
    const { system, sender, receiver, events } = pair();
    system.pipes = [];
    expect(sender.forward(receiver, 150)).toBe(true);
    system.moves.push(100, 100, 50, 30, -EAGAIN);
    await nextTurn();
    await nextTurn();
    expect([events, receiver.queued]).toEqual([['forwarded 130'], 20]);
    system.moves.push(20);
    system.receives.push(7);
    await system.happens(system.event(6, EVENT_OUT));
    await nextTurn();
    expect(system.moved.slice(2)).toEqual(['5→201: 50', '200→6: 30', '200→6: -11', '200→6: 20']);
    expect([events.slice(1), receiver.queued]).toEqual([['forwarded 20', 'data 7'], 0]);
    expect(sender.forward(receiver, 10)).toBe(true);
  });

  test('of so many octets gives up where there is no pipe: they are delivered', async () => {
    const { system, sender, receiver, events } = pair();
    sender.forward(receiver, 150);
    system.receives.push(10);
    await nextTurn();
    await nextTurn();
    expect(events).toEqual(['data 10']);
    receiver.write(Buffer.from('by the owner'));
    expect(system.sent).toEqual(['by the owner']);
  });

  test('to a connection that closes leaves the rest to the owner of the sender', async () => {
    const { system, sender, receiver, events } = pair();
    system.pipes = [];
    sender.forward(receiver, 150);
    system.moves.push(100, -EAGAIN);
    await nextTurn();
    receiver.destroy();
    system.receives.push(5, 0);
    await nextTurn();
    await nextTurn();
    await nextTurn();
    expect(events).toEqual(['data 5']);
    await system.happens(system.event(5, EVENT_IN | EVENT_RDHUP));
    expect(events).toEqual(['data 5', 'ended']);
  });

  test('is refused where it cannot be', async () => {
    const { sender, receiver, connect } = pair();
    const third = connect(7);
    expect(sender.forward(ignoredConnection)).toBe(false);
    expect(sender.forward(sender)).toBe(false);
    expect(sender.forward(receiver)).toBe(true);
    expect(sender.forward(third)).toBe(false);
    expect(third.forward(receiver)).toBe(false);
    const finished = connect(8);
    finished.end();
    expect(third.forward(finished)).toBe(false);
    const closed = connect(9);
    closed.destroy();
    expect(third.forward(closed)).toBe(false);
    expect(closed.forward(third)).toBe(false);
  });

  test('no more pipes are made than the system permits everybody', async () => {
    const { system, connect } = scripted();
    system.pipes = [];
    for (let tunnel = 0; tunnel < 40; tunnel += 1) {
      const sender = connect(1000 + 2 * tunnel);
      sender.resume();
      sender.forward(connect(1001 + 2 * tunnel));
      system.moves.push(...(tunnel < 32 ? [100, -EAGAIN] : []));
    }
    await nextTurn();
    await nextTurn();
    expect(system.pipes).toHaveLength(32);
  });
});

describe('a transparent listener', () => {
  const LOCAL = { ...REMOTE, port: 8 } as const;
  const ELSEWHERE = { family: 'inet', address: '192.0.2.1', port: 80 } as const;

  /** Has one client arrive; gives what the owner and the log hear of it. */
  async function arrive(destination: SockAddr | number) {
    const { system, poller } = scripted();
    const accepted: unknown[] = [];
    const direct: DirectConnection[] = [];
    const options = { transparent: 'redirect', onDirect: (one: DirectConnection) => void direct.push(one) } as const;
    const listener = EpollListener.open(poller, LOCAL, options, (connection, to) => {
      accepted.push([connection.remote, connection.local, to]);
    });
    if ('errno' in listener) throw new Error('not listening');
    system.destination = destination;
    system.accepts.push(20);
    await system.happens(system.event(3, EVENT_IN));
    const { closed, resets } = system;
    await listener.close();
    return { accepted, direct, resets, closed: closed.filter((descriptor) => descriptor !== 3) };
  }

  test('hands over a client with where it was going', async () => {
    expect(await arrive(ELSEWHERE)).toEqual({
      accepted: [[REMOTE, LOCAL, ELSEWHERE]],
      direct: [],
      resets: [],
      closed: [],
    });
  });

  test('resets what was made to itself, and says so', async () => {
    expect(await arrive(LOCAL)).toEqual({
      accepted: [],
      direct: [{ remote: REMOTE, local: LOCAL, destination: LOCAL }],
      resets: [20],
      closed: [20],
    });
  });

  test('resets what the packet filter does not know', async () => {
    expect(await arrive(-ENOENT)).toMatchObject({
      accepted: [],
      direct: [{ remote: REMOTE, local: LOCAL, destination: undefined }],
      resets: [20],
      closed: [20],
    });
  });

  test('is not opened without the privilege, and nothing is left open', () => {
    const { system, poller } = scripted();
    system.refused.set('0/19', EPERM);
    const opened = EpollListener.open(poller, LOCAL, { transparent: 'tproxy' }, () => undefined);
    expect(opened).toEqual({ errno: EPERM, doing: 'intercept' });
    expect(system.closed).toEqual([3]);
  });
});
