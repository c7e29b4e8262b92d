import type { AuthOutcome, ServiceMode } from '@inband/core';
import type { Answer } from '../ask/asker.ts';

/** What of an answer is for the client. */
const FIELDS = ['www-authenticate', 'location', 'set-cookie', 'content-type', 'cache-control'] as const;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Whether an answer with this status is for the client. */
export function isHandedBack(status: number): boolean {
  return status === 401 || status === 403 || REDIRECTS.has(status);
}

/** The answer for the client: in mode forward 401 is 407, because it is the proxy that wants to know. */
export function handedBack({ status, headers, text }: Answer, mode: ServiceMode): AuthOutcome {
  const fields = FIELDS.flatMap((name) =>
    valuesOf(headers[name]).map((value) => [nameFor(name, mode), value] as const),
  );
  const isAsked = headers['www-authenticate'] !== undefined;
  const answer = { status: statusFor(status, isAsked, mode), fields, content: text };
  return { verdict: 'answered', why: `The service that was asked who this is answered ${status}.`, answer };
}

function nameFor(name: string, mode: ServiceMode): string {
  return name === 'www-authenticate' && mode === 'forward' ? 'proxy-authenticate' : name;
}

/** A 407 without a way to log in would be none (RFC 9110 section 15.5.8). */
function statusFor(status: number, isAsked: boolean, mode: ServiceMode): number {
  if (status !== 401 || mode !== 'forward') return status;
  return isAsked ? 407 : 403;
}

function valuesOf(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}
