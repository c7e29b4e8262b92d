import type { SockAddr } from '../base/address.ts';
import type { AcceptGate, Connection } from '../base/connection.ts';
import { transportChannel } from '../diagnostics/channels.ts';
import { ProxyError } from '../base/errors.ts';
import { formatIp, parseIp } from '../base/ip.ts';

/**
 * Clients that are told at one time that there are too many; the others are reset. At most an eighth of the limit, because they
 * take descriptors that nobody has counted on, but some even with a small limit.
 */
const MOST_TOLD = 64;
const LEAST_TOLD = 16;

/** Seconds after which who was refused may try again: as soon as one connection is closed there is room. */
const RETRY_AFTER = 1;

export interface ConnectionLimits {
  /** Client connections of all listeners together. */
  readonly connections?: number | undefined;
  /** Client connections from one address, or from one /64 of IPv6. */
  readonly perClient?: number | undefined;
  /** Descriptors have run out: close what nobody uses. */
  readonly makeRoom?: (() => void) | undefined;
  /** Hears each time that a limit is met, by the name of its setting. `client` is who was refused; nobody when all wait. */
  readonly onLimit?: ((setting: string, client?: SockAddr) => void) | undefined;
}

/**
 * Counts the client connections of all listeners of a proxy. A transport that can wait asks before it accepts, so that
 * whoever comes when all places are taken waits in the kernel's queue; one that cannot lets everybody in, and
 * {@link ConnectionGate.refusal} says who is to be told that there is no room.
 */
export class ConnectionGate implements AcceptGate {
  readonly #limits: ConnectionLimits;
  readonly #most: number;
  readonly #mostTold: number;
  /** Without those that were refused, here as in `#clients`: whoever is turned away takes no place from anybody. */
  #open = 0;
  /** By the address of the client; only where that is limited. */
  readonly #clients: Map<string, number> | undefined;
  /** Those that are refused and still open: whether they are being told why. */
  readonly #refused = new Map<Connection, boolean>();
  #told = 0;
  readonly #waiting = new Set<() => void>();

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
    this.#most = limits.connections ?? Infinity;
    this.#mostTold = Math.min(MOST_TOLD, Math.max(LEAST_TOLD, Math.floor(this.#most / 8)));
    this.#clients = limits.perClient === undefined ? undefined : new Map();
  }

  /** Client connections that are open and not refused. */
  get open(): number {
    return this.#open;
  }

  get isFull(): boolean {
    return this.#open >= this.#most;
  }

  enter(connection: Connection): void {
    this.#open += 1;
    const client = this.#clients && clientOf(connection.remote);
    if (client !== undefined) this.#clients?.set(client, (this.#clients.get(client) ?? 0) + 1);
  }

  leave(connection: Connection): void {
    const wasTold = this.#refused.size === 0 ? undefined : this.#refused.get(connection);
    if (wasTold === undefined) return this.#giveBack(connection);
    this.#refused.delete(connection);
    if (wasTold) this.#told -= 1;
  }

  #giveBack(connection: Connection): void {
    this.#open -= 1;
    const client = this.#clients && clientOf(connection.remote);
    if (client !== undefined) this.#leave(client);
    if (this.#waiting.size === 0 || this.isFull) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    if (transportChannel.hasSubscribers) transportChannel.publish({ event: 'resumed', open: this.#open });
    for (const resume of waiting) resume();
  }

  #leave(client: string): void {
    const left = (this.#clients?.get(client) ?? 0) - 1;
    if (left > 0) this.#clients?.set(client, left);
    else this.#clients?.delete(client);
  }

  whenFree(resume: () => void): void {
    const setting = 'limits.connections';
    this.#limits.onLimit?.(setting);
    if (transportChannel.hasSubscribers) transportChannel.publish({ event: 'paused', setting, open: this.#open });
    this.#waiting.add(resume);
  }

  noLongerWaiting(resume: () => void): void {
    this.#waiting.delete(resume);
  }

  exhausted(): void {
    this.#limits.makeRoom?.();
  }

  /**
   * Why a client that has entered is not to be served, if it is not; then it no longer counts. `mayTell` is false when that must not take its time: so
   * many are being told already that this one is reset.
   */
  refusal(connection: Connection): { readonly error: ProxyError; readonly mayTell: boolean } | undefined {
    const error = this.#refusal(connection.remote);
    if (error === undefined) return undefined;
    if (error.setting !== undefined) this.#limits.onLimit?.(error.setting, connection.remote);
    this.#giveBack(connection);
    const mayTell = this.#told < this.#mostTold;
    this.#refused.set(connection, mayTell);
    if (mayTell) this.#told += 1;
    return { error, mayTell };
  }

  #refusal(remote: SockAddr): ProxyError | undefined {
    if (this.#open > this.#most) {
      return tooMany(
        `The proxy has ${this.#most} client connections, as many as it may.`,
        'limits.connections',
        'proxy',
      );
    }
    const client = this.#clients && clientOf(remote);
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

/**
 * Who counts as one client: an IPv4 address, or a /64 of IPv6, which one machine has to itself and takes any address of.
 * Clients of a unix socket have no address and are not told apart.
 */
function clientOf(remote: SockAddr): string | undefined {
  if (remote.family === 'unix') return undefined;
  if (remote.family === 'inet') return remote.address;
  const bytes = parseIp(remote.address);
  return bytes === undefined ? remote.address : `${formatIp(bytes.fill(0, 8))}/64`;
}
