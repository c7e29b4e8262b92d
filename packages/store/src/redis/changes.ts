import { Cluster } from 'iovalkey';
import type { Connection } from './connect.ts';

interface ChangesDeps {
  readonly channelOf: (key: string) => string;
  readonly changed: (key: string) => void;
}

/** Hears of changes, by a channel for each key that is followed. A server needs a connection of its own for that, which is made with the first. */
export class Changes {
  readonly #connection: Connection;
  readonly #deps: ChangesDeps;
  readonly #keys = new Map<string, string>();
  #listening: Connection | undefined = undefined;

  constructor(connection: Connection, deps: ChangesDeps) {
    this.#connection = connection;
    this.#deps = deps;
  }

  follow(key: string): void {
    const channel = this.#deps.channelOf(key);
    this.#keys.set(channel, key);
    if (this.#listening === undefined) this.#listen();
    else void this.#subscribe(this.#listening, [channel]);
  }

  unfollow(key: string): void {
    const channel = this.#deps.channelOf(key);
    this.#keys.delete(channel);
    this.#listening?.unsubscribe(channel).catch(ignore);
  }

  reconnect(): void {
    const { own } = this;
    if (own?.status === 'ready') own.disconnect(true);
  }

  /** The connection that was made for this, to be closed. */
  get own(): Connection | undefined {
    return this.#listening === this.#connection ? undefined : this.#listening;
  }

  #listen(): void {
    // A Cluster has a connection for that by itself.
    const listening = this.#connection instanceof Cluster ? this.#connection : this.#connection.duplicate();
    this.#listening = listening;
    listening.on('error', ignore);
    listening.on('ready', () => void this.#subscribe(listening, [...this.#keys.keys()]));
    listening.on('message', (channel: string) => this.#heard(channel));
    if (listening.status === 'ready') void this.#subscribe(listening, [...this.#keys.keys()]);
  }

  /** Then whatever has changed before is heard of, as if it had changed now. */
  async #subscribe(listening: Connection, channels: readonly string[]): Promise<void> {
    if (channels.length === 0) return;
    try {
      await listening.subscribe(...channels);
      for (const channel of channels) this.#heard(channel);
    } catch {
      // The next connection subscribes to all. Until then keys are read now and then.
    }
  }

  #heard(channel: string): void {
    const key = this.#keys.get(channel);
    if (key !== undefined) this.#deps.changed(key);
  }
}

function ignore(): void {}
