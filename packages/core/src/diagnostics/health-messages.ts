import type { SockAddr } from '../base/address.ts';

/** A server of a pool is in another state than before. */
export interface HealthChanged {
  readonly event: 'changed';
  /** The place of its chainer when that was made: `services.web.routes[0].chainer`. Undefined of one that a program has made. */
  readonly pool: string | undefined;
  readonly server: SockAddr;
  /** `ejected`: taken out for a time, by what happened to its sessions. `unwell`: its checks fail. */
  readonly from: 'up' | 'ejected' | 'unwell';
  readonly to: 'up' | 'ejected' | 'unwell';
  /** One sentence. */
  readonly why: string;
  /** The code of an error, where a session has failed with one. */
  readonly error: string | undefined;
}

/** Most servers of a pool are down, so that all are used; or they are not any more. */
export interface HealthPanic {
  readonly event: 'panic';
  /** As above. */
  readonly pool: string | undefined;
  readonly isPanic: boolean;
}

export type HealthMessage = HealthChanged | HealthPanic;
