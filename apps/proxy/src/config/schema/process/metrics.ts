import { lazily } from '@inband/chainers';
import * as z from 'zod';

/** Each host has a series of its own in whatever stores the metrics. */
const MOST_HOSTS = 200;

export const metrics = lazily(() =>
  z.strictObject({
    hosts: z
      .int()
      .min(0)
      .max(MOST_HOSTS)
      .default(0)
      .describe('How many hosts have counters of their own: those that most requests go to. 0: none.'),
    routes: z
      .boolean()
      .default(true)
      .describe('Whether each route has counters of its own. Without them the label "route" is empty.'),
  }),
)
  .optional()
  .describe('Counts what the proxy does, for `admin` and programs that embed it. On where `admin` is.');
