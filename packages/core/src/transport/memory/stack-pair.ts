import type { SockAddr } from '../../base/address.ts';
import type { Connection } from '../../base/connection.ts';
import { LaterTasks } from './later-tasks.ts';
import { connectEnds, MemoryConnection, type Pump } from './memory-connection.ts';

/** A connection within the process, between two proxies of which one is stacked in the other. */
export interface StackPair {
  /** For the outer proxy: its connection to the server, as it sees it. */
  readonly outer: Connection;
  /** For the stacked one: its client. */
  readonly inner: Connection;
  /** Ends what `inner` receives, as if the client had finished sending. What the outer proxy still writes is dropped. */
  readonly hangUp: () => void;
}

export interface StackPairOptions {
  readonly client: SockAddr;
  readonly server: SockAddr;
  /** The outgoing address of the connection to the server. */
  readonly local: SockAddr;
  /** Called once, when `inner` is closed, just before its handler is told. */
  readonly closed: () => void;
}

/**
 * Makes such a connection. It behaves as any transport's: paused at first, with ends, resets and backpressure. Bytes are
 * copied once, when they are written. When `outer` is destroyed, `inner` is reset as soon as it has read what is there,
 * because an answer would have no reader.
 */
export function createStackPair({ client, server, local, closed }: StackPairOptions): StackPair {
  const outer = new MemoryConnection(outerPump, local, server);
  const inner = new MemoryConnection(new InnerPump(closed), server, client);
  connectEnds(outer, inner);
  return { outer, inner, hangUp: () => inner.hangUp() };
}

/** Bytes on their way in one direction: as many as in the buffers of sockets usually. */
const WINDOW = 256 * 1024;

const tasks = new LaterTasks();

/** Delivers bytes as they were written, because the copy that `write` made belongs to nothing else. */
class StackPump implements Pump {
  readonly window = WINDOW;

  schedule(task: () => void): void {
    tasks.schedule(task);
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
