import type { SockAddr } from '../src/base/address.ts';
import { ignoreEvents, type Connection, type ConnectionHandler } from '../src/base/connection.ts';

/** A connection that records the calls of its owner. A test acts as the peer by calling `handler`. */
export class FakeConnection implements Connection {
  readonly local: SockAddr = { family: 'inet', address: '127.0.0.1', port: 50_000 };
  readonly remote: SockAddr = { family: 'inet', address: '127.0.0.1', port: 80 };
  handler: ConnectionHandler = ignoreEvents;
  queued = 0;
  /** The result of `write`. */
  keepsUp = true;
  paused = true;
  finished = false;
  destroyed = false;
  error: Error | undefined = undefined;
  readonly writes: Buffer[] = [];

  get written(): Buffer {
    return Buffer.concat(this.writes);
  }

  write(bytes: Uint8Array, start = 0, end: number = bytes.length): boolean {
    if (end > bytes.length || start < 0 || start > end) throw new RangeError('written from outside of the buffer');
    this.writes.push(Buffer.from(bytes.subarray(start, end)));
    return this.keepsUp;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  end(): void {
    this.finished = true;
  }

  destroy(error?: Error): void {
    this.destroyed = true;
    this.error ??= error;
  }
}
