import { connectUnixDatagrams, formatSockAddr, type Logger, type UnixDatagrams } from '@inband/core';
import { constants } from 'node:os';
import type { InbandListener } from './running.ts';

const { EAGAIN } = constants.errno;
/** Milliseconds until a message is sent again while the queue of the service manager is full. */
const AGAIN = 200;
/** Messages that wait for that. Older ones are dropped. */
const MOST_WAITING = 16;
/** Addresses that a status names. */
const MOST_NAMED = 8;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Tells a service manager what this process does (sd_notify(3)). The socket is in NOTIFY_SOCKET; without it nothing is sent. The
 * watchdog (WATCHDOG_USEC) is told that all is well as long as that is so.
 */
export class ServiceManager {
  readonly #logger: Logger;
  readonly #path: string | undefined;
  /** Milliseconds within which the watchdog expects a message. */
  readonly #watchdog: number | undefined;
  #socket: UnixDatagrams | undefined = undefined;
  #waiting: string[] = [];
  #timer: NodeJS.Timeout | undefined = undefined;
  #watching: NodeJS.Timeout | undefined = undefined;
  /** Another process is the one that the service manager listens to. */
  #isRetired = false;

  constructor(logger: Logger, environment: Environment = process.env, pid: number = process.pid) {
    const { NOTIFY_SOCKET: path, WATCHDOG_USEC: microseconds, WATCHDOG_PID: watched } = environment;
    this.#logger = logger;
    this.#path = path === undefined || path === '' ? undefined : path.replace(/^@/, '\0');
    const isMeant = watched === undefined || watched === String(pid);
    this.#watchdog = isMeant && /^[1-9]\d*$/.test(microseconds ?? '') ? Number(microseconds) / 1000 : undefined;
  }

  /** Clients are accepted, also after a reload. `status` is for people. */
  ready(status: string): void {
    this.#send(`READY=1\nSTATUS=${status}`);
  }

  /** Runs a reload, and tells of its beginning and its end. */
  async during<Result>(reload: () => Promise<Result>): Promise<Result> {
    this.#send(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}\nSTATUS=Reloading`);
    try {
      const result = await reload();
      this.ready('Reloaded');
      return result;
    } catch (error) {
      this.ready('The last reload was refused; the log says why');
      throw error;
    }
  }

  stopping(status: string): void {
    this.#send(`STOPPING=1\nSTATUS=${status}`);
  }

  /** Another process goes on in the place of this one. Nothing is sent from here after this. */
  replacedBy(pid: number): void {
    this.#send(`MAINPID=${pid}`);
    this.#isRetired = true;
    this.close();
  }

  /**
   * Tells the watchdog that all is well, twice as often as it expects that, as long as `silence` is shorter than half of what it waits:
   * the milliseconds since the last sign of life of the slowest process, or undefined while none serves clients.
   */
  watch(silence: () => number | undefined): void {
    const limit = this.#watchdog;
    if (limit === undefined || this.#path === undefined) return;
    this.#watching = setInterval(() => {
      const silent = silence();
      if (silent !== undefined && silent < limit / 2) this.#send('WATCHDOG=1');
    }, limit / 2).unref();
  }

  /** Ends the watchdog. Messages that wait are dropped. */
  close(): void {
    clearInterval(this.#watching);
    clearTimeout(this.#timer);
    this.#waiting = [];
    this.#socket?.close();
    this.#socket = undefined;
  }

  #send(message: string): void {
    if (this.#path === undefined || this.#isRetired) return;
    this.#waiting.push(message);
    if (this.#waiting.length > MOST_WAITING) this.#waiting.shift();
    this.#sendWaiting(this.#path);
  }

  #sendWaiting(path: string): void {
    clearTimeout(this.#timer);
    try {
      const socket = (this.#socket ??= opened(path));
      for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
        const result = socket.send(Buffer.from(next));
        if (result === -EAGAIN) {
          this.#timer = setTimeout(() => this.#sendWaiting(path), AGAIN).unref();
          return;
        }
        if (result < 0) throw new Error(`errno ${-result}`);
        this.#waiting.shift();
      }
    } catch (error) {
      this.#waiting = [];
      const detail = error instanceof Error ? error.message : String(error);
      this.#logger.warn({ path, detail }, 'the service manager cannot be told (NOTIFY_SOCKET)');
    }
  }
}

function opened(path: string): UnixDatagrams {
  const socket = connectUnixDatagrams(path);
  if (typeof socket === 'number') throw new Error(`errno ${-socket}`);
  return socket;
}

/** What a person who looks at the service reads. */
export function statusOf(listeners: readonly InbandListener[]): string {
  const addresses = listeners.map(({ address }) => formatSockAddr(address));
  const rest = addresses.length - MOST_NAMED;
  return `Accepts on ${addresses.slice(0, MOST_NAMED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
