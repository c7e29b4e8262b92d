import { Field } from '../../message/field-names.ts';
import { idOfMarks, MARKS, SLOTS } from '../../message/parser/head-table.ts';
import type { RequestHead } from '../../message/head/request-head.ts';
import type { HttpContext } from '../../service/context.ts';
import type { Step } from './step.ts';

/** Begins the trace of the request. The first step, so that what the others refuse is in the trace. */
export function trace({ tracer }: Pick<HttpContext, 'tracer'>): Step | undefined {
  if (tracer === undefined) return undefined;
  return {
    name: 'trace',
    request({ request, session }) {
      const traceparents = valuesOf(request, Field.traceparent);
      const tracestates = valuesOf(request, Field.tracestate);
      tracer.begin(session, {
        url: request.url,
        minor: request.minor,
        traceparent: traceparents.length === 1 ? traceparents[0] : undefined,
        tracestate: tracestates.length === 0 ? undefined : tracestates.join(','),
      });
    },
  };
}

function valuesOf(head: RequestHead, id: number): string[] {
  const values: string[] = [];
  for (let index = head.indexOf(id); index >= 0 && index < head.fieldCount; index += 1) {
    if (idOfMarks(head.fields[index * SLOTS + MARKS] ?? 0) === id) values.push(head.value(index));
  }
  return values;
}
