import { noteRequest as note } from '@inband/core';
import { Field } from '../../message/field-names.ts';
import type { RequestHead } from '../../message/head/request-head.ts';
import type { HttpContext } from '../../service/context.ts';
import type { Step } from './step.ts';

/** Notes what the log wants of the head, for formats that have the version, `Referer` and `User-Agent`. */
export function noteRequest({ notesRequests }: Pick<HttpContext, 'notesRequests'>): Step | undefined {
  if (!notesRequests) return undefined;
  return {
    name: 'note-request',
    request({ request, session }) {
      const [referer, userAgent] = [fieldOf(request, Field.referer), fieldOf(request, Field.userAgent)];
      const { protocol } = session.client;
      note(session, { version: protocol?.toUpperCase() ?? `HTTP/1.${request.minor}`, referer, userAgent });
    },
  };
}

function fieldOf(request: RequestHead, id: number): string | undefined {
  const index = request.indexOf(id);
  return index < 0 ? undefined : request.value(index);
}
