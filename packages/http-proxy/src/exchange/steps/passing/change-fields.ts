import type { HttpContext } from '../../../service/context.ts';
import type { Step } from '../step.ts';

/** Changes fields of requests, and of answers of servers. Those of the proxy's own answers are changed where they are written. */
export function changeFields({ fieldChanges }: Pick<HttpContext, 'fieldChanges'>): Step | undefined {
  if (fieldChanges === undefined) return undefined;
  return {
    name: 'change-fields',
    request(call) {
      fieldChanges.changeRequest(call, call.request);
    },
    response(call, head) {
      fieldChanges.changeAnswer(call, head);
    },
    close() {
      fieldChanges.close();
    },
  };
}
