import type { Question } from '../src/client/ask.ts';

const DAY = 86_400_000;

export interface Authorization {
  readonly host: string;
  readonly token: string;
  readonly wildcard: boolean;
  status: 'pending' | 'valid' | 'invalid';
  /** Looks until the result is shown. */
  looks: number;
}

export interface Order {
  readonly hosts: string[];
  readonly authorizations: number[];
  readonly payload: Record<string, unknown>;
  status: 'pending' | 'ready' | 'processing' | 'valid' | 'invalid';
  certificate?: string;
  looks: number;
}

/** What a CA may do to its customers. */
export interface FakeCaBehaviour {
  /** Nonces that are refused before one is accepted. */
  badNonces: number;
  /** What validation finds: the answer to be shown by http-01, or undefined if it fails. */
  validate: (host: string, token: string) => string | undefined;
  /** Answers instead of the CA, if it returns something. */
  intercept: (question: Question) => Partial<PlainAnswer> | undefined;
  /** Seconds of Retry-After while an authorization or order is pending. */
  retryAfter: string | undefined;
  /** How often pending resources are looked at until there is a result. */
  looks: number;
  challenges: string[];
  externalAccountRequired: boolean;
  profiles: Record<string, string> | undefined;
  /** Undefined: no renewal information. */
  window: { start: string; end: string; explanationURL?: string } | undefined;
  lifetime: number;
}

export interface PlainAnswer {
  status: number;
  fields: Record<string, string>;
  body: unknown;
}

/** Of a CA that is kind: it validates nothing, has no nonce refused, and lets nobody wait. */
export function usualBehaviour(): FakeCaBehaviour {
  return {
    badNonces: 0,
    validate: () => undefined,
    intercept: () => undefined,
    retryAfter: undefined,
    looks: 0,
    challenges: ['http-01', 'tls-alpn-01', 'dns-01'],
    externalAccountRequired: false,
    profiles: undefined,
    window: undefined,
    lifetime: 90 * DAY,
  };
}
