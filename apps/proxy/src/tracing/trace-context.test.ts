import { createTraceState, type SpanContext } from '@opentelemetry/api';
import { describe, expect, test } from 'vitest';
import { parseTraceparent, traceLines } from './trace-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

describe('a traceparent', () => {
  test('is read with its ids and flags', () => {
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-01`)).toEqual({
      traceId: TRACE,
      spanId: SPAN,
      traceFlags: 1,
      isRemote: true,
    });
  });

  test('of a later version is read as far as it is known', () => {
    expect(parseTraceparent(`cc-${TRACE}-${SPAN}-03-what-comes-later`)).toMatchObject({
      traceId: TRACE,
      traceFlags: 3,
    });
  });

  test.each([
    undefined,
    '',
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE}-${SPAN}-1`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE}-${SPAN}-01\r\nx: y`,
  ])('is ignored if it is %j', (value) => {
    expect(parseTraceparent(value)).toBeUndefined();
  });
});

describe('the lines for a server', () => {
  const context: SpanContext = { traceId: TRACE, spanId: SPAN, traceFlags: 1 };

  test('have the ids, the flags and the state', () => {
    expect(traceLines(context)).toBe(`traceparent: 00-${TRACE}-${SPAN}-01\r\n`);
    expect(traceLines({ ...context, traceFlags: 0, traceState: createTraceState('a=1,b=2') })).toBe(
      `traceparent: 00-${TRACE}-${SPAN}-00\r\ntracestate: a=1,b=2\r\n`,
    );
  });

  test.each(['a=1\r\nEvil: x', `a=${'x'.repeat(2_000)}`, 'a=\u00e9'])(
    'have no state that cannot stand in a field',
    (text) => {
      const traceState = { ...createTraceState(), serialize: () => text };
      expect(traceLines({ ...context, traceState })).toBe(`traceparent: 00-${TRACE}-${SPAN}-01\r\n`);
    },
  );
});
