import { createHash } from 'node:crypto';
import type { Connection, ConnectionHandler } from '@inband/core';

interface Waiter {
  readonly holds: () => boolean;
  readonly resolve: () => void;
}

/** What a test wants to do from within an event. */
export interface Reactions {
  data?: (bytes: Buffer, start: number, end: number) => void;
  drained?: () => void;
  ended?: () => void;
  closed?: (error?: Error) => void;
}

/**
 * Owns one end of a connection, records what happens to it, and notes every event that the contract forbids. Every
 * test goes through it, so every test also checks: nothing from within a call, nothing while paused, nothing after
 * `closed`, no data after `ended`, `drained` only after a `write` that returned false, `closed` once.
 */
export class Probe implements ConnectionHandler {
  readonly connection: Connection;
  /** The events in order; adjacent `data` count as one. */
  readonly events: string[] = [];
  readonly violations: string[] = [];
  reactions: Reactions = {};
  /** Bytes received. */
  length = 0;
  error: Error | undefined = undefined;
  isClosed = false;

  readonly #hash = createHash('sha256');
  readonly #waiters: Waiter[] = [];
  readonly #head: Buffer[] = [];
  #paused = true;
  #destroyed = false;
  #callDepth = 0;
  #drainDue = false;

  constructor(connection: Connection) {
    this.connection = connection;
    connection.handler = this;
  }

  /** What was received, as text; only the first 64 KiB are kept. */
  get text(): string {
    return Buffer.concat(this.#head).toString('latin1');
  }

  /** Whether a `write` returned false and `drained` has not come yet. */
  get awaitsDrained(): boolean {
    return this.#drainDue;
  }

  /** SHA-256 of all that was received. To be asked once. */
  digest(): string {
    return this.#hash.digest('hex');
  }

  /** Resolves as soon as `holds` does, which is asked after every event. */
  async until(holds: () => boolean): Promise<void> {
    if (holds()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiters.push({ holds, resolve });
    await promise;
  }

  async untilLength(length: number): Promise<void> {
    await this.until(() => this.length >= length);
  }

  async untilEnded(): Promise<void> {
    await this.until(() => this.events.includes('ended'));
  }

  async untilDrained(): Promise<void> {
    await this.until(() => !this.#drainDue);
  }

  async untilClosed(): Promise<void> {
    await this.until(() => this.isClosed);
  }

  write(data: Uint8Array | string, start?: number, end?: number): boolean {
    const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
    const keepsUp = this.#call(() => this.connection.write(bytes, start, end));
    if (!keepsUp) this.#drainDue = true;
    return keepsUp;
  }

  pause(): void {
    this.#call(() => this.connection.pause());
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#call(() => this.connection.resume());
  }

  end(): void {
    this.#call(() => this.connection.end());
  }

  destroy(error?: Error): void {
    this.#call(() => this.connection.destroy(error));
    this.#destroyed = true;
  }

  data(bytes: Buffer, start: number, end: number): void {
    this.#note('data');
    if (this.#paused) this.#violation('data while paused');
    if (this.events.includes('ended')) this.#violation('data after ended');
    if (start < 0 || end > bytes.length || start >= end) this.#violation(`data with the range ${start} to ${end}`);
    const part = bytes.subarray(start, end);
    this.#hash.update(part);
    if (this.length < 64 * 1024) this.#head.push(Buffer.from(part));
    this.length += part.length;
    this.reactions.data?.(bytes, start, end);
    this.#ask();
  }

  drained(): void {
    if (!this.#drainDue) this.#violation('drained without a write that returned false');
    this.#drainDue = false;
    this.#note('drained');
    this.reactions.drained?.();
    this.#ask();
  }

  ended(): void {
    if (this.events.includes('ended')) this.#violation('ended twice');
    if (this.#paused) this.#violation('ended while paused');
    this.#note('ended');
    this.reactions.ended?.();
    this.#ask();
  }

  closed(error?: Error): void {
    this.#note('closed');
    this.isClosed = true;
    this.#drainDue = false;
    this.error = error;
    this.reactions.closed?.(error);
    this.#ask();
  }

  #call<Result>(action: () => Result): Result {
    this.#callDepth += 1;
    try {
      return action();
    } finally {
      this.#callDepth -= 1;
    }
  }

  #note(event: string): void {
    if (this.#callDepth > 0) this.#violation(`${event} from within a call`);
    if (this.isClosed) this.#violation(`${event} after closed`);
    if (this.#destroyed && event !== 'closed') this.#violation(`${event} after destroy`);
    if (event !== 'data' || this.events.at(-1) !== 'data') this.events.push(event);
  }

  #violation(what: string): void {
    this.violations.push(what);
  }

  #ask(): void {
    for (let index = this.#waiters.length - 1; index >= 0; index -= 1) {
      const waiter = this.#waiters[index];
      if (waiter === undefined || !waiter.holds()) continue;
      this.#waiters.splice(index, 1);
      waiter.resolve();
    }
  }
}
