import { type Authenticator, type LimitOptions, LimitState, NO_LIMITS, ServiceLimits } from '@inband/core';
import type { HarnessOptions } from './harness.ts';

/** Two at once, and one a second. */
export const TWO = { amount: 1, per: 1_000, burst: 2 };

/** A clock that stands still until it is set, and what is counted by it. */
export function counting() {
  const clock = { now: 0 };
  const reached: string[] = [];
  const state = new LimitState({ now: () => clock.now, onLimit: (setting) => void reached.push(setting) });
  return { clock, state, reached };
}

/** The limits of the service of a harness. */
export function limits(options: Partial<LimitOptions>, { state } = counting()) {
  return { limits: new ServiceLimits('services.test.limits', { ...NO_LIMITS, ...options }, state) };
}

/** Whoever says who they are is that. */
export const anybody: Authenticator = {
  challenges: ['Basic realm="test"'],
  readsPasswords: false,
  authenticate: ({ credentials: user }) =>
    user === undefined ? { verdict: 'none' } : { verdict: 'user', user, groups: [] },
};

/** A route that answers by itself. */
export const ANSWERED: NonNullable<HarnessOptions['routeAnswers']> = {
  'services.test.routes[0]': { kind: 'respond', respond: { status: 200, fields: {}, body: 'yes' } },
};

export const GET = 'GET / HTTP/1.1\r\nHost: a.example\r\n';

export const status = (answer: string): number => Number(answer.slice(9, 12));
