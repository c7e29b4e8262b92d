import { bodyTooBig } from '../../message/body/body-faults.ts';
import type { HttpOptions } from '../../service/options.ts';
import type { Step } from './step.ts';

/** Refuses a body that is announced as larger than `http.maxBody`. `BodyReader` counts one that is not announced. */
export function limitBody({ maxBody }: HttpOptions): Step | undefined {
  if (maxBody === undefined) return undefined;
  return {
    name: 'limit-body',
    request({ request }) {
      if (request.contentLength > maxBody) throw bodyTooBig(maxBody);
    },
  };
}
