import { healthChannel, type Logger } from '@inband/core';
import type { HealthChange, HealthState } from '../health/server-health.ts';
import type { HealthListener } from './members.ts';
import type { PoolMember } from './pool-member.ts';

export interface HealthLogDeps {
  readonly logger: Pick<Logger, 'warn' | 'info'>;
  /** Milliseconds. */
  readonly now: () => number;
  /** The place of the chainer, for messages of diagnostics. */
  readonly place: string | undefined;
}

/** Tells of every change of a server, with its reason: in the log, and on `inband:health`. */
export class HealthLog implements HealthListener {
  readonly #deps: HealthLogDeps;

  constructor(deps: HealthLogDeps) {
    this.#deps = deps;
  }

  changed(member: PoolMember, change: HealthChange): void {
    this.#log(member, change);
    if (!healthChannel.hasSubscribers) return;
    const { from, to, why, error } = change;
    healthChannel.publish({ event: 'changed', pool: this.#deps.place, server: member.remote, from, to, why, error });
  }

  #log({ id, health }: PoolMember, { from, to, why, error }: HealthChange): void {
    const { logger, now } = this.#deps;
    const fields = { server: id, why, ...(error !== undefined && { error }) };
    if (to === 'up') return logger.info(fields, 'a server of a pool is used again');
    if (to === 'unwell') return logger.warn(fields, 'the checks of a server of a pool fail, so it is not used');
    const seconds = Math.ceil(health.ejection.until - now()) / 1_000;
    logger.warn({ ...fields, seconds }, OUT[from]);
  }

  panic(isPanic: boolean): void {
    const { logger, place: pool } = this.#deps;
    if (isPanic) logger.warn({}, 'most servers of a pool are down, so all of them are used');
    else logger.info({}, 'enough servers of a pool are up again');
    if (healthChannel.hasSubscribers) healthChannel.publish({ event: 'panic', pool, isPanic });
  }
}

const OUT: Readonly<Record<HealthState, string>> = {
  up: 'a server of a pool was taken out',
  ejected: 'a server of a pool was taken out',
  unwell: 'the checks of a server of a pool are good, but it stays out',
};
