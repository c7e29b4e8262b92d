import {
  type Logger,
  type MaybePromise,
  ownSession,
  type ServerConnection,
  type Session,
  sessionWriter,
} from '@inband/core';
import type { PoolMember } from './members/pool-member.ts';

export interface WarmConnectionsDeps {
  /** Idle connections for each server. */
  readonly minIdle: number;
  readonly members: () => readonly PoolMember[];
  readonly connect: (session: Session, member: PoolMember) => MaybePromise<ServerConnection>;
  /** Idle connections that are interchangeable, by {@link ServerConnection.key}. */
  readonly idleAt: (key: string) => number;
  readonly logger: Pick<Logger, 'warn'>;
  /** Milliseconds. */
  readonly now: () => number;
}

/** Milliseconds between two counts. */
const EVERY = 1_000;
/** Milliseconds until a server is tried again that could not be connected to, or of which no connection was kept. */
const PAUSE = 10_000;
/** Connections to one server that are made at one time. */
const MOST_AT_ONCE = 8;

/** What is known of one server. */
interface Warmed {
  /** Undefined before the first connection. */
  key: string | undefined;
  /** Connections that are being made. */
  making: number;
  pausedUntil: number;
}

/** Keeps some idle connections to each server that gets sessions, so that a session does not wait for a handshake. */
export class WarmConnections {
  readonly #deps: WarmConnectionsDeps;
  readonly #warmed = new WeakMap<PoolMember, Warmed>();
  readonly #making = new Set<Session>();
  #timer: NodeJS.Timeout | undefined = undefined;
  #isTold = false;

  constructor(deps: WarmConnectionsDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#timer = setInterval(() => this.#fill(), EVERY).unref();
    this.#fill();
  }

  /** Idle connections belong to the process, which closes them by its own limits. */
  close(): void {
    clearInterval(this.#timer);
    for (const session of this.#making) sessionWriter.abort(session);
  }

  #fill(): void {
    const now = this.#deps.now();
    for (const member of this.#deps.members()) if (member.isUsable(now)) this.#fillAt(member, now);
  }

  #fillAt(member: PoolMember, now: number): void {
    const warmed = this.#warmed.get(member) ?? { key: undefined, making: 0, pausedUntil: 0 };
    this.#warmed.set(member, warmed);
    if (now < warmed.pausedUntil) return;
    const idle = warmed.key === undefined ? 0 : this.#deps.idleAt(warmed.key);
    const missing = Math.min(this.#deps.minIdle - idle, MOST_AT_ONCE) - warmed.making;
    for (let made = 0; made < missing; made += 1) void this.#make(member, warmed);
  }

  async #make(member: PoolMember, warmed: Warmed): Promise<void> {
    const { connect, idleAt, now } = this.#deps;
    const session = ownSession('warm');
    session.requireFreshServer();
    this.#making.add(session);
    warmed.making += 1;
    try {
      const server = await connect(session, member);
      const { key } = server;
      warmed.key = key;
      const before = key === undefined ? 0 : idleAt(key);
      server.release();
      if (key !== undefined && idleAt(key) <= before) this.#notKept(member, warmed);
    } catch {
      // Whether the server is up is found out by sessions and checks.
      warmed.pausedUntil = now() + PAUSE;
    } finally {
      warmed.making -= 1;
      this.#making.delete(session);
    }
  }

  #notKept({ id }: PoolMember, warmed: Warmed): void {
    const { now, minIdle, logger } = this.#deps;
    warmed.pausedUntil = now() + PAUSE;
    if (this.#isTold) return;
    this.#isTold = true;
    const settings = 'serverPool.maxIdlePerServer and serverPool.maxIdle';
    logger.warn({ server: id, minIdle }, `fewer idle connections are kept than minIdle says, because of ${settings}`);
  }
}
