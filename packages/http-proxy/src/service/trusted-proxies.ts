import type { SockAddr } from '@inband/core';

/** Which field says who the client is: `TrustedProxies.fields`. */
export type TrustedFields = 'either' | 'x-forwarded-for' | 'forwarded' | 'none';

/** Who is believed about its clients. */
export interface TrustedProxies {
  readonly trusts: (peer: SockAddr) => boolean;
  readonly fields: TrustedFields;
  /** The most trusted proxies one behind the other. */
  readonly hops: number;
}
