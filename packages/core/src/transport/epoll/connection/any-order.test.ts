import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { runs } from '../../../../../../test/support/tiers/runs.ts';
import { ModelKernel, type ModelSocket } from '../../../../test-support/model-kernel.ts';
import type { ConnectionHandler } from '../../../base/connection.ts';
import { Poller } from '../poller/poller.ts';
import { EpollConnection } from './connection.ts';

const REMOTE = { family: 'inet', address: '127.0.0.1', port: 7 } as const;
const BYTES = Buffer.alloc(300_000);

/** What an owner can do, at any time and from within any call of its handler. */
const ACTIONS = {
  write: ({ connection }: Owner, size: number): void => void connection.write(BYTES, 0, size),
  pause: (owner: Owner): void => owner.pause(),
  resume: (owner: Owner): void => owner.resume(),
  end: ({ connection }: Owner): void => connection.end(),
  endAsLast: ({ connection }: Owner): void => connection.end(true),
  destroy: ({ connection }: Owner): void => connection.destroy(),
  reset: ({ connection }: Owner): void => connection.destroy(new Error('a reason')),
  forward: ({ connection, other }: Owner): void => void connection.forward(other.connection),
  forwardSome: ({ connection, other }: Owner, size: number): void => void connection.forward(other.connection, size),
};

/** What the peer and the kernel can do. */
const HAPPENINGS = {
  arrive: ({ socket }: Owner, size: number): void => socket.arrive(size),
  peerEnds: ({ socket }: Owner): void => socket.peerEnds(),
  peerResets: ({ socket }: Owner): void => socket.peerResets(),
  makeRoom: ({ socket }: Owner, size: number): void => socket.makeRoom(size),
};

const EVERYTHING = { ...ACTIONS, ...HAPPENINGS };
type Reaction = keyof typeof ACTIONS | 'nothing' | 'throw';

class Defect extends Error {}

/** An owner who does something whenever it is told of something, and demands that it is told only what it may be. */
class Owner implements ConnectionHandler {
  readonly connection: EpollConnection;
  readonly socket: ModelSocket;
  other: Owner = this;
  timesClosed = 0;
  bytes = 0;
  #paused = true;
  #hasEnded = false;
  readonly #reactions: Reaction[];

  constructor(connection: EpollConnection, socket: ModelSocket, reactions: readonly Reaction[]) {
    this.connection = connection;
    this.socket = socket;
    this.#reactions = [...reactions];
    connection.handler = this;
  }

  pause(): void {
    this.#paused = true;
    this.connection.pause();
  }

  resume(): void {
    this.#paused = false;
    this.connection.resume();
  }

  data(_bytes: Buffer, start: number, end: number): void {
    expect([this.#paused, this.#hasEnded, this.timesClosed]).toEqual([false, false, 0]);
    this.bytes += end - start;
    this.#react();
  }

  forwarded(bytes: number): void {
    expect([this.#hasEnded, this.timesClosed]).toEqual([false, 0]);
    this.bytes += bytes;
    this.#react();
  }

  drained(): void {
    expect(this.timesClosed).toBe(0);
    this.#react();
  }

  ended(): void {
    expect([this.#paused, this.#hasEnded, this.timesClosed]).toEqual([false, false, 0]);
    this.#hasEnded = true;
    this.#react();
  }

  closed(): void {
    this.timesClosed += 1;
    this.#react();
  }

  #react(): void {
    const reaction = this.#reactions.pop() ?? 'nothing';
    if (reaction === 'throw') throw new Defect();
    if (reaction !== 'nothing') ACTIONS[reaction](this, 1_000);
  }
}

/** Runs one iteration; what a handler throws ends it, and the next one goes on. */
function iterate(poller: Poller): void {
  try {
    poller.run();
  } catch (error) {
    if (!(error instanceof Defect)) throw error;
  }
}

/** Often what keeps a connection going, and seldom what ends it: most would be over before anything else happens. */
function seldom<Name extends string>(often: readonly Name[], others: readonly Name[]): fc.Arbitrary<Name> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...often) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );
}

const size = fc.oneof(fc.integer({ min: 1, max: 3_000 }), fc.constantFrom(70_000, 300_000));
const step = fc.record({
  what: seldom<keyof typeof EVERYTHING>(
    ['arrive', 'makeRoom', 'resume', 'write', 'forward'],
    ['pause', 'forwardSome', 'peerEnds', 'peerResets', 'end', 'endAsLast', 'destroy', 'reset'],
  ),
  who: fc.constantFrom(0, 1),
  size,
  interruptions: fc.constantFrom(0, 0, 0, 1),
  iterates: fc.boolean(),
});
const reactions = fc.array(
  seldom<Reaction>(
    ['nothing', 'write', 'pause', 'forward'],
    ['throw', 'resume', 'end', 'endAsLast', 'destroy', 'reset'],
  ),
  { maxLength: 12 },
);

test('whatever happens in whatever order, no step is illegal, and each connection is closed and told so once', () => {
  const scenario = fc.record({
    steps: fc.array(step, { maxLength: 40 }),
    reactions: fc.tuple(reactions, reactions),
    hasPipes: fc.boolean(),
    /** Whether both begin with room and an owner who reads. */
    flows: fc.boolean(),
  });
  fc.assert(
    fc.property(scenario, ({ steps, reactions: [first, second], hasPipes, flows }) => {
      const kernel = new ModelKernel();
      kernel.hasPipes = hasPipes;
      const poller = new Poller(kernel, true);
      const connect = (reacting: Reaction[]): Owner => {
        const descriptor = kernel.connected();
        const connection = new EpollConnection(poller, descriptor, REMOTE);
        poller.set.add(descriptor, connection);
        return new Owner(connection, kernel.at(descriptor), reacting);
      };
      const owners = [connect(first), connect(second)] as const;
      owners[0].other = owners[1];
      owners[1].other = owners[0];
      for (const owner of flows ? owners : []) {
        owner.socket.makeRoom(100_000);
        owner.resume();
      }
      for (const { what, who, interruptions, iterates, ...rest } of steps) {
        EVERYTHING[what](owners[who], rest.size);
        kernel.interruptions = interruptions;
        if (iterates) iterate(poller);
      }
      // Once both directions may come to their end, every connection does, and nobody has to destroy it.
      kernel.interruptions = 0;
      for (const { socket } of owners) {
        socket.peerEnds();
        socket.makeRoom(Infinity);
      }
      for (let round = 0; round < 40 && kernel.openSockets > 0; round += 1) {
        for (const owner of owners) {
          owner.resume();
          owner.connection.end();
        }
        iterate(poller);
      }
      iterate(poller);
      iterate(poller);
      poller.pipes.shrink();
      expect([kernel.openSockets, kernel.openPipes, poller.set.watching]).toEqual([0, 0, 0]);
      for (const { timesClosed, bytes, socket } of owners) {
        expect(timesClosed).toBe(1);
        expect(bytes).toBeLessThanOrEqual(socket.arrived);
      }
    }),
    { numRuns: runs(2_000) },
  );
});
