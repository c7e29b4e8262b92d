import type { AccessRule } from '@inband/core';
import type { HttpOptions } from '@inband/http-proxy';
import type { Case } from './cases.ts';
import type { VantageName } from './vantage.ts';

/**
 * Milliseconds for the one timeout that a case is about. The file says seconds to minutes; what is configured for a
 * case must only be long against what the machine needs for an ordinary request.
 */
const PATIENCE = 400;

/** With defaults, or with `http.strict: true`. */
export type Profile = 'usual' | 'strict';

export interface Settings {
  readonly http: Partial<HttpOptions>;
  readonly connectTimeout: number;
  readonly access: readonly AccessRule[];
  /** Whether clients have to log in. */
  readonly asks: boolean;
  /** Milliseconds between two of the bytes that the case wants slow; 0 for as fast as possible. */
  readonly pace: number;
}

const ORDINARY: Settings = { http: {}, connectTimeout: 10_000, access: [], asks: false, pace: 0 };

/** By the case's id: the timeout that must end it, and the pace that does not end it otherwise. */
const SLOW: Readonly<Record<string, Partial<Settings>>> = {
  'slow-header': { http: { headerTimeout: PATIENCE }, pace: 10 },
  'slow-idle': { http: { idleTimeout: PATIENCE } },
  'slow-body': { http: { bodyTimeout: PATIENCE }, pace: 2 },
  'cx-timeout': { connectTimeout: PATIENCE },
  'cx-early-flood': { connectTimeout: PATIENCE },
  'cx-idle': { http: { tunnelIdleTimeout: PATIENCE } },
  'rs-hang': { http: { responseTimeout: PATIENCE } },
  'rs-slow-hdr': { http: { headerTimeout: PATIENCE }, pace: 10 },
};

/** Whether the case takes as long as a timeout. */
export function isSlow({ id }: Case): boolean {
  return id in SLOW;
}

/** How the proxy is configured for a case: by default, but for what the case is about. */
export function settingsFor(oneCase: Case, vantage: VantageName, profile: Profile): Settings {
  const slow = SLOW[oneCase.id];
  if (oneCase.timeoutMs !== undefined && slow === undefined) {
    throw new Error(`${oneCase.id} has a timeout, but settings.ts does not say which one to make short`);
  }
  const access: AccessRule[] = [];
  if (oneCase.needs === 'policy-deny') access.push({ action: 'deny', methods: ['POST'] });
  // Such clients are not served at all by default; letting them in must not open anything else to them.
  if (vantage === 'public') access.push({ action: 'allow', clients: ['public'] });
  return {
    ...ORDINARY,
    ...slow,
    http: { ...slow?.http, strict: profile === 'strict' },
    access,
    asks: oneCase.needs === 'proxy-auth',
  };
}
