import { z } from 'zod';
import { lazily } from '../../options/lazily.ts';
import { duration } from '../../options/duration.ts';
import { DEFAULT_RETRY } from '../retry/retry-policy.ts';

const PERCENT = /^(100|[1-9]?[0-9])%$/;

const budget = lazily(() =>
  z
    .string()
    .regex(PERCENT, { error: 'expected a part of the requests, from 0% to 100%' })
    .transform((text) => Number(text.slice(0, -1)) / 100),
)
  .prefault('20%')
  .describe(
    'How many requests may be sent again after they were sent, as a part of all requests of the pool: 20%. Three a second are always allowed.',
  );

const QUANTILES = { p90: 0.9, p95: 0.95, p99: 0.99 } as const;

export const hedge = lazily(() => z.enum(['p90', 'p95', 'p99']).transform((name) => QUANTILES[name]))
  .optional()
  .describe(
    'Sends GET and HEAD to a second server, too, when no answer has begun after the time in which 95 % (p95) of the requests had theirs. The first answer counts. Charged to the budget of retry. Default: never.',
  );

export const retry = lazily(() =>
  z
    .strictObject({
      on: z
        .array(z.union([z.enum(['connect', 'reset', 'timeout']), z.int().min(500).max(599)]))
        .default([...DEFAULT_RETRY.on])
        .describe(
          'After which failures of a server another one is tried. connect: no connection came about. reset: it closed the connection without an answer. timeout: no answer began within perTry. A status from 500 to 599.',
        ),
      budget,
      perTry: duration()
        .optional()
        .describe(
          'With timeout among on: how long a server may take until its answer begins, while another one is left. Default: http.responseTimeout of the service.',
        ),
    })
    .refine(({ on, perTry }) => perTry === undefined || on.includes('timeout'), {
      error: 'perTry has no effect unless timeout is among on',
      path: ['perTry'],
    }),
)
  .prefault({})
  .describe('When a request is sent to another server.');
