/** What a proxy has to be configured for. */
export type Setup =
  /** Plain requests to one server: a forward proxy takes absolute-form, the others are in front of it. */
  | { readonly kind: 'requests'; readonly accessLog?: boolean }
  /** CONNECT to any port. */
  | { readonly kind: 'tunnels' }
  /** In front of four equal servers; one that fails must not cost a request. `chainer`: ours for that. Default: `failover`. */
  | { readonly kind: 'failover'; readonly chainer?: 'pool' }
  /** In front of `count` routes and behind as many access rules, of which the last is the one that matches. */
  | { readonly kind: 'routes'; readonly count: number };

/** Ports of 127.0.0.1 on which the origins listen. */
export interface Origins {
  /** Four equal HTTP servers. */
  readonly http: readonly [number, number, number, number];
  /** Echoes, and sends any volume; see tunnel-origin.ts. */
  readonly tunnel: number;
}

/** The host that the last of many routes is for. */
export const LAST_HOST = 'last.example';

/** A text for every two setups that one running proxy can serve. */
export function setupKey(setup: Setup): string {
  return JSON.stringify(setup, Object.keys(setup).toSorted());
}
