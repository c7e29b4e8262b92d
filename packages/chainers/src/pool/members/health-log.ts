import type { Logger } from '@inband/core';
import type { HealthChange, HealthState } from '../health/server-health.ts';
import type { HealthListener } from './members.ts';
import type { PoolMember } from './pool-member.ts';

/** Tells in the log of every change of a server, with its reason. */
export class HealthLog implements HealthListener {
  readonly #logger: Pick<Logger, 'warn' | 'info'>;
  readonly #now: () => number;

  constructor(logger: Pick<Logger, 'warn' | 'info'>, now: () => number) {
    this.#logger = logger;
    this.#now = now;
  }

  changed({ id, health }: PoolMember, { from, to, why, error }: HealthChange): void {
    const fields = { server: id, why, ...(error !== undefined && { error }) };
    if (to === 'up') return this.#logger.info(fields, 'a server of a pool is used again');
    if (to === 'unwell') return this.#logger.warn(fields, 'the checks of a server of a pool fail, so it is not used');
    const seconds = Math.ceil(health.ejection.until - this.#now()) / 1_000;
    this.#logger.warn({ ...fields, seconds }, OUT[from]);
  }

  panic(isPanic: boolean): void {
    if (isPanic) this.#logger.warn({}, 'most servers of a pool are down, so all of them are used');
    else this.#logger.info({}, 'enough servers of a pool are up again');
  }
}

const OUT: Readonly<Record<HealthState, string>> = {
  up: 'a server of a pool was taken out',
  ejected: 'a server of a pool was taken out',
  unwell: 'the checks of a server of a pool are good, but it stays out',
};
