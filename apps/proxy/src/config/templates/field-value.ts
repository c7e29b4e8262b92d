import { lazily } from '@inband/chainers';
import * as z from 'zod';
import { template } from './templates.ts';

const sourced = lazily(() =>
  z
    .strictObject({
      file: z
        .string()
        .min(1)
        .optional()
        .describe('The file in whose only line the value stands. It is followed. Relative to this file.'),
      env: z
        .string()
        .regex(/^[A-Za-z_]\w*$/, { error: 'expected the name of a variable of the environment' })
        .optional()
        .describe('The variable of the environment whose value it is, in place of a file.'),
      prefix: z
        .string()
        .regex(/^[\t -~]*$/, { error: 'expected visible ASCII characters and spaces' })
        .optional()
        .describe('What stands in front of the value, such as "Bearer ".'),
      secret: z.boolean().default(true).describe('Whether it is redacted in logs and views.'),
    })
    .superRefine(({ file, env }, context) => {
      if ((file === undefined) !== (env === undefined)) return;
      context.addIssue({ code: 'custom', message: 'expected a mapping with either "file" or "env"' });
    }),
);

/** The value of a field: a text with variables, or where it stands. `hasServer`: whether it is used when a server has been connected to. */
export function fieldValue({ hasServer }: { readonly hasServer: boolean }) {
  return z.union([template({ hasServer }), sourced], {
    error: 'expected a text, or a mapping with a "file" or "env"',
  });
}

/** A value that stands elsewhere. */
export type WrittenSource = z.output<typeof sourced>;
