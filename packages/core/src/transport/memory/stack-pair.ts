import type { SockAddr } from '../../base/address.ts';
import type { Connection } from '../../base/connection.ts';
import { connectEnds, MemoryConnection, type Pump } from './memory-connection.ts';
import { Turns } from './turns.ts';

/** A connection within the process, between two proxies of which one is stacked in the other. */
export interface StackPair {
  /** For the outer proxy: its connection to the server, as it sees it. */
  readonly outer: Connection;
  /** For the stacked one: its client. */
  readonly inner: Connection;
  /** To `inner` it looks as if the client had finished sending; what the outer proxy still writes is dropped. */
  readonly hangUp: () => void;
}

export interface StackPairOptions {
  readonly client: SockAddr;
  readonly server: SockAddr;
  /** The outgoing address of the connection to the server. */
  readonly local: SockAddr;
  /** Called once, when `inner` is closed, just before its handler hears of it. */
  readonly closed: () => void;
}

/**
 * Makes such a connection. It behaves as any transport's: paused at first, with ends, resets and back-pressure. Bytes
 * are copied once, when they are written. When `outer` is destroyed, `inner` is reset as
 * soon as it has read what is there: nobody is left to take an answer.
 */
export function createStackPair({ client, server, local, closed }: StackPairOptions): StackPair {
  const outer = new MemoryConnection(outerPump, local, server);
  const inner = new MemoryConnection(new InnerPump(closed), server, client);
  connectEnds(outer, inner);
  return { outer, inner, hangUp: () => inner.hangUp() };
}

/** As much as sockets usually have under way. */
const WINDOW = 256 * 1024;

const turns = new Turns();

/** Hands bytes over as they were written: nobody else has a hand on them. */
class StackPump implements Pump {
  readonly window = WINDOW;

  schedule(task: () => void): void {
    turns.schedule(task);
  }

  deliver(end: MemoryConnection): void {
    const bytes = end.take();
    end.handler.data(bytes, 0, bytes.length);
  }

  opened(): void {}

  closed(): void {}
}

class OuterPump extends StackPump {
  readonly tellsClosed = true;
}

const outerPump = new OuterPump();

class InnerPump extends StackPump {
  readonly #closed: () => void;

  constructor(closed: () => void) {
    super();
    this.#closed = closed;
  }

  override closed(): void {
    this.#closed();
  }
}
