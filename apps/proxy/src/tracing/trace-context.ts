import type { SpanContext } from '@opentelemetry/api';

/** `version-trace-parent-flags` (W3C Trace Context, `traceparent` header). A later version may have more behind the flags. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NOTHING = /^0+$/;

/** Reads a `traceparent`. Undefined where there is none, or one that is to be ignored. */
export function parseTraceparent(value: string | undefined): Omit<SpanContext, 'traceState'> | undefined {
  const [, version = '', traceId = '', spanId = '', flags = '', rest] = TRACEPARENT.exec(value ?? '') ?? [];
  if (traceId === '' || version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (NOTHING.test(traceId) || NOTHING.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}

/** Longest `tracestate` that is passed on: twice what W3C Trace Context asks for at least. */
const LONGEST_STATE = 1_024;

/** Entries of a `tracestate`: printable ASCII. What an SDK adds to it must not break out of the field. */
const STATE = /^[\x20-\x7e]+$/;

/** The lines by which a server goes on with the trace. */
export function traceLines({ traceId, spanId, traceFlags, traceState }: SpanContext): string {
  const flags = (traceFlags & 0xff).toString(16).padStart(2, '0');
  const parent = `traceparent: 00-${traceId}-${spanId}-${flags}\r\n`;
  const state = traceState?.serialize() ?? '';
  return STATE.test(state) && state.length <= LONGEST_STATE ? `${parent}tracestate: ${state}\r\n` : parent;
}
