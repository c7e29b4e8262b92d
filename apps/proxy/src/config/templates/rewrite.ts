import { lazily } from '@inband/chainers';
import { normalisePath } from '@inband/core';
import { authorityProblem } from '@inband/http-proxy';
import * as z from 'zod';

const path = lazily(() =>
  z.string().superRefine((written, context) => {
    const isPath = written.startsWith('/') && !/[?#]/.test(written) && !written.startsWith('//');
    if (isPath && normalisePath(written) === written) return;
    const nearest = isPath ? `; did you mean "${normalisePath(written)}"?` : '';
    const message = `expected a path that begins with one "/", without a query and dot segments${nearest}`;
    context.addIssue({ code: 'custom', message });
  }),
);

const host = lazily(() =>
  z.string().superRefine((written, context) => {
    const problem = authorityProblem(written);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  }),
);

/** `rewrite` of a route. */
export const rewrite = lazily(() =>
  z
    .strictObject({
      path: path.optional().describe('What takes the place of the beginning of the path that match.path names.'),
      host: host.optional().describe('The host that the server sees, perhaps with a port.'),
      answers: z
        .boolean()
        .default(true)
        .describe('Whether Location, Content-Location and Set-Cookie of answers are mapped back.'),
    })
    .refine((written) => written.path !== undefined || written.host !== undefined, 'expected "path", "host" or both'),
);
