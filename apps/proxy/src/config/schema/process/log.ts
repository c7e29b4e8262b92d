import { duration, lazily } from '@inband/chainers';
import * as z from 'zod';
import { size } from '../../values/size.ts';
import { text } from '../../values/values.ts';
import { syslog } from './syslog.ts';

const sample = lazily(() =>
  z.strictObject({
    accepted: z.number().min(0).max(1).default(1).describe('The share of accepted sessions that have a line, 0 to 1.'),
  }),
);

const rotation = lazily(() =>
  z
    .strictObject({
      size: size(4096, 2 ** 40)
        .optional()
        .describe('Bytes from which the file is put aside.'),
      age: duration({ minimum: 1_000 }).optional().describe('Time after which the file is put aside.'),
      keep: z.int().min(1).max(1_000).default(7).describe('How many files that were put aside are kept.'),
    })
    .refine(({ size: most, age }) => most !== undefined || age !== undefined, 'expected "size", "age" or both'),
);

/** `log`. */
export const log = z
  .strictObject({
    level: z
      .enum(['debug', 'info', 'warn', 'error', 'silent'])
      .default('info')
      .describe('The least severe messages that are logged. Does not concern access lines.'),
    access: z.boolean().default(true).describe('One line for every request and every tunnel.'),
    format: z
      .enum(['auto', 'json', 'text', 'common', 'combined', 'squid'])
      .default('auto')
      .describe('How lines are written. auto: text on a terminal, else json.'),
    file: text.optional().describe('The file of the log, instead of standard output. Relative to this file.'),
    syslog: syslog.optional().describe('Where the log is sent by syslog, instead of standard output.'),
    sample: sample.optional().describe('Of what went well, only a sample has access lines.'),
    slow: duration()
      .optional()
      .describe('Requests that took so long, and tunnels so long to connect, are a message, too.'),
    rotate: rotation.optional().describe('When the file of the log is put aside and a new one begun.'),
    template: text
      .optional()
      .describe('An access line, with fields in braces, instead of a format: "{client} {method} {target} {status}".'),
  })
  .describe('What is logged, and how.');
