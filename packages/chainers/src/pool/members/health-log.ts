import { healthChannel, type Logger, RateLimitedLine } from '@inband/core';
import type { HealthChange } from '../health/server-health.ts';
import type { HealthListener } from './members.ts';
import type { PoolMember } from './pool-member.ts';

export interface HealthLogDeps {
  readonly logger: Pick<Logger, 'warn' | 'info' | 'debug'>;
  /** Milliseconds. */
  readonly now: () => number;
  /** The place of the chainer, for messages of diagnostics. */
  readonly place: string | undefined;
}

/** Tells of every change of a server, with its reason: in the log, and on `inband:health`. */
export class HealthLog implements HealthListener {
  readonly #deps: HealthLogDeps;
  /** All servers have the same trouble with this machine. */
  readonly #unknown: RateLimitedLine;

  constructor(deps: HealthLogDeps) {
    this.#deps = deps;
    this.#unknown = new RateLimitedLine((fields) => deps.logger.warn(fields, UNKNOWN));
  }

  changed(member: PoolMember, change: HealthChange): void {
    this.#log(member, change);
    if (!healthChannel.hasSubscribers) return;
    const { from, to, why, error } = change;
    healthChannel.publish({ event: 'changed', pool: this.#deps.place, server: member.remote, from, to, why, error });
  }

  #log({ id, health }: PoolMember, { to, why, error, isHeard }: HealthChange): void {
    const { logger, now } = this.#deps;
    const fields = { server: id, why, ...(error !== undefined && { error }) };
    // The worker that has found it out has a line for all.
    if (isHeard) return logger.debug({ ...fields, state: to }, 'another worker says how a server of a pool is');
    if (to === 'up') return logger.info(fields, 'a server of a pool is used again');
    if (to === 'unwell') return logger.warn(fields, 'the checks of a server of a pool fail, so it is not used');
    const seconds = Math.ceil(health.ejection.until - now()) / 1_000;
    logger.warn({ ...fields, seconds }, 'a server of a pool was taken out');
  }

  /** A check has failed for a reason that is not the server's. */
  unknown({ id }: PoolMember, why: string): void {
    this.#unknown.log(() => ({ server: id, why }));
  }

  /** The line names some of many. */
  replaced(came: readonly PoolMember[], gone: readonly PoolMember[]): void {
    const fields = { ...named('came', came), ...named('gone', gone) };
    this.#deps.logger.info(fields, 'a pool has other servers');
  }

  panic(isPanic: boolean): void {
    const { logger, place: pool } = this.#deps;
    if (isPanic) logger.warn({}, 'most servers of a pool are down, so all of them are used');
    else logger.info({}, 'enough servers of a pool are up again');
    if (healthChannel.hasSubscribers) healthChannel.publish({ event: 'panic', pool, isPanic });
  }
}

/** Servers that one line names. */
const MOST_NAMED = 10;

function named(what: 'came' | 'gone', members: readonly PoolMember[]): object {
  if (members.length === 0) return {};
  const names = members.slice(0, MOST_NAMED).map(({ id }) => id);
  return { [what]: names, ...(members.length > MOST_NAMED && { [`${what}InAll`]: members.length }) };
}

const UNKNOWN = 'a server of a pool cannot be checked, and stays what it was';
