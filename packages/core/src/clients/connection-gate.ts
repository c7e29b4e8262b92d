import type { SockAddr } from '../base/address.ts';
import type { AcceptGate, Connection } from '../base/connection.ts';
import { transportChannel } from '../diagnostics/channels.ts';
import { ProxyError } from '../base/errors.ts';
import { ClientNetworks } from '../limits/client-networks.ts';

/**
 * Refused clients that are answered at one time; further ones are reset. At most an eighth of the limit, because they take
 * descriptors beyond it, but some even with a small limit.
 */
const MOST_ANSWERED = 64;
const LEAST_ANSWERED = 16;

/** Seconds for `Retry-After`: there is room as soon as one connection is closed. */
const RETRY_AFTER = 1;

/** Milliseconds: longer than a burst that fills the accept queue lasts, and about as long as a client waits that finds it full. */
export const DEFAULT_OVERLOAD_AFTER = 1_000;

/** What counts as one client. Those of a unix socket are not told apart. */
const networks = new ClientNetworks();

export interface ConnectionLimits {
  /** The most client connections, of all listeners together. */
  readonly connections?: number | undefined;
  /** The most client connections from one address, or from one /64 of IPv6. */
  readonly perClient?: number | undefined;
  /** See `AcceptGate.overloadAfter`. */
  readonly overloadAfter?: number | undefined;
  /** Called when descriptors have run out, to close idle connections. */
  readonly makeRoom?: (() => void) | undefined;
  /** Called each time that a limit is reached, with its setting. `client` is the refused one; undefined when all wait. */
  readonly onLimit?: ((setting: string, client?: SockAddr) => void) | undefined;
  /** Called with the number of clients that were reset in an event-loop iteration. */
  readonly onOverload?: ((count: number) => void) | undefined;
}

/** Why a client is refused, and whether it may be told. */
export interface Refusal {
  readonly error: ProxyError;
  readonly mayAnswer: boolean;
}

/**
 * Counts the client connections of all listeners of a proxy. A transport that can pause asks before it accepts, so that
 * further clients stay in the kernel's accept queue while the limit is reached. One that cannot accepts everybody, and
 * {@link ConnectionGate.refusal} says which clients are refused.
 */
export class ConnectionGate implements AcceptGate {
  #limits: ConnectionLimits;
  #most = Infinity;
  #mostAnswered = MOST_ANSWERED;
  /** Without the refused ones, here as in `#clients`, so that they take no place from others. */
  readonly #open: Connection[] = [];
  /** Connections by client address; only with a limit per client. */
  #clients: Map<string, number> | undefined = undefined;
  /** The refused connections that are still open, and whether they are answered. */
  readonly #refused = new Map<Connection, boolean>();
  /** Whose connections are that a trusted proxy has made for others. */
  readonly #told = new Map<Connection, SockAddr>();
  #answered = 0;
  readonly #waiting = new Set<() => void>();

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
    this.configure(limits);
  }

  /** Changes the limits. Open connections stay, and count. */
  configure(limits: ConnectionLimits): void {
    this.#limits = limits;
    this.#most = limits.connections ?? Infinity;
    this.#mostAnswered = Math.min(MOST_ANSWERED, Math.max(LEAST_ANSWERED, Math.floor(this.#most / 8)));
    this.#clients = limits.perClient === undefined ? undefined : new Map();
    for (const connection of this.#open) this.#countClient(connection);
    this.#resumeWaiting();
  }

  /** Client connections that are open and not refused. */
  get open(): number {
    return this.#open.length;
  }

  get isFull(): boolean {
    return this.#open.length >= this.#most;
  }

  enter(connection: Connection): void {
    connection.gateIndex = this.#open.push(connection) - 1;
    this.#countClient(connection);
  }

  #countClient(connection: Connection): void {
    const client = this.#clients && this.#clientOf(connection);
    if (client !== undefined) this.#clients?.set(client, (this.#clients.get(client) ?? 0) + 1);
  }

  leave(connection: Connection): void {
    const wasAnswered = this.#refused.size === 0 ? undefined : this.#refused.get(connection);
    if (wasAnswered === undefined) return this.#release(connection);
    this.#refused.delete(connection);
    if (wasAnswered) this.#answered -= 1;
  }

  #release(connection: Connection): void {
    this.#remove(connection);
    const client = this.#clients && this.#clientOf(connection);
    if (client !== undefined) this.#leave(client);
    if (this.#told.size > 0) this.#told.delete(connection);
    this.#resumeWaiting();
  }

  /** The last one takes its place. */
  #remove(connection: Connection): void {
    if (!this.#has(connection)) return;
    const last = this.#open.pop();
    if (last === undefined || last === connection) return;
    last.gateIndex = connection.gateIndex ?? 0;
    this.#open[last.gateIndex] = last;
  }

  #has(connection: Connection): boolean {
    return connection.gateIndex !== undefined && this.#open[connection.gateIndex] === connection;
  }

  #resumeWaiting(): void {
    if (this.#waiting.size === 0 || this.isFull) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    if (transportChannel.hasSubscribers) transportChannel.publish({ event: 'resumed', open: this.open });
    for (const resume of waiting) resume();
  }

  #leave(client: string): void {
    const left = (this.#clients?.get(client) ?? 0) - 1;
    if (left > 0) this.#clients?.set(client, left);
    else this.#clients?.delete(client);
  }

  #clientOf(connection: Connection): string | undefined {
    const told = this.#told.size === 0 ? undefined : this.#told.get(connection);
    return networks.networkOf(told ?? connection.remote);
  }

  /**
   * A trusted proxy has said whose connection it is, and it counts as one of that client from now on. Returns as {@link ConnectionGate.refusal}
   * does. One that is refused already stays so.
   */
  told(connection: Connection, client: SockAddr): Refusal | undefined {
    if (!this.#has(connection)) return undefined;
    const before = this.#clients && this.#clientOf(connection);
    if (before !== undefined) this.#leave(before);
    this.#told.set(connection, client);
    this.#countClient(connection);
    return this.#refuse(connection, client);
  }

  whenFree(resume: () => void): void {
    const setting = 'limits.connections';
    this.#limits.onLimit?.(setting);
    if (transportChannel.hasSubscribers) transportChannel.publish({ event: 'paused', setting, open: this.open });
    this.#waiting.add(resume);
  }

  noLongerWaiting(resume: () => void): void {
    this.#waiting.delete(resume);
  }

  exhausted(): void {
    this.#limits.makeRoom?.();
  }

  get overloadAfter(): number {
    return this.#limits.overloadAfter ?? Infinity;
  }

  overloaded(count: number): void {
    this.#limits.onOverload?.(count);
    if (transportChannel.hasSubscribers)
      transportChannel.publish({ event: 'overloaded', reset: count, open: this.open });
  }

  /**
   * Why a client that has entered is refused, or undefined if it is served. A refused one does not count any more.
   * `mayAnswer` is false when so many are being answered already that this one must be reset.
   */
  refusal(connection: Connection): Refusal | undefined {
    return this.#refuse(connection, connection.remote);
  }

  #refuse(connection: Connection, client: SockAddr): Refusal | undefined {
    const error = this.#refusal(client);
    if (error === undefined) return undefined;
    if (error.setting !== undefined) this.#limits.onLimit?.(error.setting, client);
    this.#release(connection);
    const mayAnswer = this.#answered < this.#mostAnswered;
    this.#refused.set(connection, mayAnswer);
    if (mayAnswer) this.#answered += 1;
    return { error, mayAnswer };
  }

  #refusal(remote: SockAddr): ProxyError | undefined {
    if (this.open > this.#most) {
      return tooMany(
        `The proxy has ${this.#most} client connections, as many as it may.`,
        'limits.connections',
        'proxy',
      );
    }
    const client = this.#clients && networks.networkOf(remote);
    const { perClient } = this.#limits;
    if (client === undefined || perClient === undefined || (this.#clients?.get(client) ?? 0) <= perClient)
      return undefined;
    const message = `${client} has ${perClient} connections to this proxy, as many as one client may.`;
    return tooMany(message, 'limits.perClient.connections', 'client');
  }
}

function tooMany(message: string, setting: string, fault: 'client' | 'proxy'): ProxyError {
  return new ProxyError('connection_limit_reached', message, { setting, fault, retryAfter: RETRY_AFTER });
}
