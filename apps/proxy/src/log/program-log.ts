import type { Logger, SessionListener } from '@inband/core';
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/schema/schema.ts';
import { leave } from './leave.ts';
import type { LogSink } from './outputs/log-batch.ts';
import { type Destination, destinationOf, StandardOutputs } from './log-sink.ts';
import { createLogging, type Logging, silentLogging } from './logging.ts';

/** `worker`: other processes write the same log, and the supervisor rotates its file. */
export type LogRole = 'single' | 'supervisor' | 'worker';

/** What is logged, and the directory of a relative `log.file`. Without `log` nothing is. */
export interface LogSettings {
  readonly log: Config['log'] | undefined;
  readonly baseDirectory: string;
}

/** A log as another configuration has it, ready beside the current one. Either `commit` or `abandon` is to be called. */
export interface PreparedLog {
  /** Logs by it from now on. Returns what writes access lines. */
  commit(): SessionListener | undefined;
  /** Drops it, with the file that was opened for it. */
  abandon(): void;
}

/** Told of messages of the program. */
export type MessageListener = (level: keyof Logger, fields: object, message: string) => void;

/** A destination that is open, and what writes to it. */
interface Opened {
  readonly settings: LogSettings;
  readonly destination: Destination;
  readonly sink: LogSink;
  readonly logging: Logging;
}

/** The log of a process. A reload may change everything of it. */
export class ProgramLog {
  /** Stays the same over reloads. */
  readonly logger: Logger = {
    debug: (fields, message) => this.#message('debug', fields, message),
    info: (fields, message) => this.#message('info', fields, message),
    warn: (fields, message) => this.#message('warn', fields, message),
    error: (fields, message) => this.#message('error', fields, message),
  };
  /** Told of every message, whatever `log.level` says. For readers of the admin API. */
  onMessage: MessageListener | undefined = undefined;
  readonly #role: LogRole;
  readonly #standard: StandardOutputs;
  #current: Opened;
  /** What the log has been written to, without what is closed. */
  readonly #used = new Set<LogSink>();
  /** Lines that were dropped by what is closed. */
  #dropped = 0;
  /** Destinations of the past to which something is still to be written. */
  readonly #closing = new Set<LogSink>();

  /** Throws a `ProxyError` when its file cannot be opened. */
  constructor(settings: LogSettings, role: LogRole = 'single') {
    this.#role = role;
    this.#standard = new StandardOutputs(role !== 'single');
    this.#current = this.#open(settings);
    this.#use(this.#current);
  }

  #message(level: keyof Logger, fields: object, message: string): void {
    this.#current.logging.logger[level](fields, message);
    this.onMessage?.(level, fields, message);
  }

  /** Writes access lines. Undefined when they are off. A reload returns the next one. */
  get onSession(): SessionListener | undefined {
    return this.#current.logging.onSession;
  }

  /** Lines that were dropped since the start because nobody took them. */
  get dropped(): number {
    let dropped = this.#dropped;
    for (const sink of this.#used) dropped += sink.dropped ?? 0;
    return dropped;
  }

  /** Makes what a changed configuration needs. Throws a `ProxyError` when its file cannot be opened; then nothing has changed. */
  prepare(settings: LogSettings): PreparedLog {
    const before = this.#current;
    if (isDeepStrictEqual(settings, before.settings)) return { commit: () => this.onSession, abandon: () => undefined };
    const next = this.#open(settings, before);
    const isElsewhere = next.sink !== before.sink;
    return {
      commit: () => {
        if (isElsewhere) this.#tellWhere(next);
        before.logging.push();
        this.#current = next;
        this.#use(next);
        if (isElsewhere) void this.#close(before.sink);
        return next.logging.onSession;
      },
      abandon: () => {
        if (isElsewhere) void this.#close(next.sink);
      },
    };
  }

  /** The destination of `before` is kept if it is the same. */
  #open(settings: LogSettings, before?: Opened): Opened {
    const destination = destinationOf(settings, this.#standard, this.#role !== 'worker');
    const isKept = before !== undefined && before.destination.name === destination.name;
    const sink = isKept ? before.sink : destination.open();
    const { log } = settings;
    const messages = (): LogSink => (sink.tellsMessages === true ? sink : this.#standard.stderr);
    const logging = log === undefined ? silentLogging : createLogging(log, sink, messages);
    return { settings, destination, sink, logging };
  }

  #use({ sink, destination }: Opened): void {
    this.#used.add(sink);
    sink.onLost = (lines, bytes) => {
      this.logger.warn({ lines, bytes }, 'lines of the log were dropped; nobody took them');
    };
    destination.configure?.(sink);
  }

  /** In the log that ends, for whoever reads it. */
  #tellWhere({ destination }: Opened): void {
    if (this.#role !== 'worker') this.logger.info({ to: destination.name }, 'the log goes on elsewhere');
  }

  async #close(sink: LogSink, limit?: number): Promise<void> {
    if (sink.close === undefined) return;
    this.#closing.add(sink);
    await sink.close(limit);
    this.#closing.delete(sink);
    if (this.#used.delete(sink)) this.#dropped += sink.dropped ?? 0;
  }

  /** Resolves when all lines are written, or after a second. */
  async flush(): Promise<void> {
    await this.#current.logging.flush();
  }

  /** Writes all lines before it returns. Waits at most `limit` milliseconds (default a second) for the reader. */
  flushSync(limit?: number): void {
    this.#current.logging.flushSync(limit);
    for (const sink of this.#closing) sink.flushSync(limit);
  }

  /** Writes all lines, and closes what was opened for them. */
  async close(): Promise<void> {
    await this.flush();
    // It has had its time.
    await this.#close(this.#current.sink, 0);
  }

  /** Opens the file of the log anew. Undefined where the log is none. Never rejects. */
  get reopen(): (() => Promise<void>) | undefined {
    const { sink } = this.#current;
    return sink.reopen === undefined ? undefined : () => this.#reopen(sink);
  }

  /** What was written until now goes to the file that was open. */
  async #reopen(sink: LogSink): Promise<void> {
    this.#current.logging.push();
    const problem = await sink.reopen?.();
    if (problem === undefined) return this.logger.info({}, 'the file of the log was opened anew');
    const message = 'the file of the log could not be opened anew; the old one is written further';
    this.logger.error({ detail: problem }, message);
  }

  /** Ends the process even if the reader of the log blocks it; see {@link leave}. */
  leave(status: number, isHeld = false): never {
    const sinks = [this.#current.sink, ...this.#closing, ...this.#standard.opened];
    return leave(status, isHeld || sinks.some((sink) => sink.isHeld === true));
  }
}
