import { z } from 'zod';
import { AcmeError } from '../base/acme-error.ts';
import type { Answer } from './ask.ts';

/** Of everything that a CA answers, what is used. Other members are left out. */

const url = z.url({ protocol: /^https$/u });
const instant = z.iso.datetime({ offset: true });

const subproblem = z.object({
  type: z.string().optional(),
  detail: z.string().optional(),
  identifier: z.object({ value: z.string() }).optional(),
});

/** A problem document (RFC 8555 section 6.7, RFC 9457). */
export const problemSchema = z.object({
  type: z.string().optional(),
  detail: z.string().optional(),
  subproblems: z.array(subproblem).optional(),
});
export type Problem = z.infer<typeof problemSchema>;

/** RFC 8555 section 7.1.1, RFC 9773 section 4.1, draft-ietf-acme-profiles. */
export const directorySchema = z.object({
  newNonce: url,
  newAccount: url,
  newOrder: url,
  renewalInfo: url.optional(),
  meta: z
    .object({
      termsOfService: z.string().optional(),
      externalAccountRequired: z.boolean().optional(),
      profiles: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
});
export type Directory = z.infer<typeof directorySchema>;

/** RFC 8555 section 7.1.2. */
export const accountSchema = z.object({ status: z.enum(['valid', 'deactivated', 'revoked']) });

/** RFC 8555 section 7.1.3. */
export const orderSchema = z.object({
  status: z.enum(['pending', 'ready', 'processing', 'valid', 'invalid']),
  authorizations: z.array(url).max(1000),
  finalize: url,
  certificate: url.optional(),
  error: problemSchema.optional(),
});
export type Order = z.infer<typeof orderSchema>;

const challengeSchema = z.object({
  type: z.string(),
  url,
  status: z.enum(['pending', 'processing', 'valid', 'invalid']),
  // It becomes a part of a path and of a file: nothing but base64url (RFC 8555 section 8.3).
  token: z
    .string()
    .regex(/^[\w-]{1,512}$/u)
    .optional(),
  error: problemSchema.optional(),
});
export type Challenge = z.infer<typeof challengeSchema>;

/** RFC 8555 section 7.1.4. */
export const authorizationSchema = z.object({
  status: z.enum(['pending', 'valid', 'invalid', 'deactivated', 'expired', 'revoked']),
  identifier: z.object({ type: z.string(), value: z.string() }),
  wildcard: z.boolean().optional(),
  challenges: z.array(challengeSchema).max(100),
});
export type Authorization = z.infer<typeof authorizationSchema>;

/** RFC 9773 section 4.2. */
export const renewalInfoSchema = z
  .object({
    suggestedWindow: z.object({ start: instant, end: instant }),
    explanationURL: z.string().optional(),
  })
  .refine(
    ({ suggestedWindow: { start, end } }) => Date.parse(start) < Date.parse(end),
    'the window ends before it begins',
  );

/** What `answer` says by `schema`. Throws an `AcmeError` (`unexpected`) if it says something else. */
export function parseAnswer<Schema extends z.ZodType>(answer: Answer, schema: Schema, what: string): z.infer<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(answer.text);
  } catch {
    throw new AcmeError('unexpected', `The CA's ${what} is no JSON (status ${String(answer.status)}).`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`;
  throw new AcmeError('unexpected', `The CA's ${what} is not as RFC 8555 wants it${where}: ${issue?.message ?? ''}.`);
}
