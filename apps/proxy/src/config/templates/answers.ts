import { lazily } from '@inband/chainers';
import { mayHaveContent } from '@inband/http-proxy';
import * as z from 'zod';
import { fieldValue } from './field-value.ts';
import { nameProblem, template } from './templates.ts';

/** Characters of a body that the configuration holds: it is in memory, and in every plan. */
const LONGEST_BODY = 65_536;

const REDIRECTS = [301, 302, 303, 307, 308] as const;

/**
 * A URL of http whose host no client can choose, unless it is the host that was asked for; or a path of this host that no client can turn into
 * another host's. Path and target begin with a slash, and so end the host.
 */
const LOCATION =
  /^(?:https?:\/\/(?:[^/?#\\{]|\{request\.(?:host|port)\})+(?:$|[/?#]|\{request\.(?:target|path)\})|\/(?![/\\]|\{request\.))/i;

const LOCATION_EXPECTED =
  'expected a URL such as "https://new.example{request.target}", or a path such as "/new", whose host no variable but {request.host} can choose';

const location = template({ hasServer: false });
const value = fieldValue({ hasServer: false });

const fields = lazily(() =>
  z.record(z.string().min(1), value).superRefine((written, context) => {
    for (const name of Object.keys(written)) {
      const problem = nameProblem(name, false);
      if (problem !== undefined) context.addIssue({ code: 'custom', path: [name], message: problem });
    }
  }),
);

/** `respond`: a route's own answer. */
export const respond = lazily(() =>
  z
    .strictObject({
      status: z.int().min(200).max(599).default(200).describe('The status, from 200 to 599.'),
      fields: fields
        .default({})
        .describe(
          'Fields by their names. Values may have variables, such as "{request.id}", or stand elsewhere: { file: /run/token }, { env: NAME }.',
        ),
      body: z
        .string()
        .max(LONGEST_BODY)
        .optional()
        .describe('The content, as it is. text/plain in UTF-8, unless fields have a content-type.'),
    })
    .superRefine(({ status, body }, context) => {
      if (body === undefined || mayHaveContent(status)) return;
      context.addIssue({
        code: 'custom',
        path: ['body'],
        message: `an answer with the status ${status} has no content.`,
      });
    }),
);

/** `redirect`: the same with the place where the client is to ask. */
export const redirect = lazily(() =>
  z.strictObject({
    status: z
      .union(
        REDIRECTS.map((status) => z.literal(status)),
        { error: `expected one of ${REDIRECTS.join(', ')}` },
      )
      .default(302)
      .describe('301 and 308 for ever, 302 and 307 for now; with 307 and 308 the method stays. 303: by GET.'),
    location: location
      .refine((written) => LOCATION.test(written), LOCATION_EXPECTED)
      .describe('Where to, with variables: "https://new.example{request.target}".'),
  }),
);
