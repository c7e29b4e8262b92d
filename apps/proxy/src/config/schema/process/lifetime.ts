import { duration } from '@inband/chainers';
import * as z from 'zod';

/** `shutdown`. */
export const shutdown = z
  .strictObject({
    grace: duration({ minimum: 0 }).prefault('30s').describe('Time for what is running to finish, after SIGTERM.'),
    tunnels: duration({ minimum: 0 })
      .optional()
      .describe('The same for tunnels and WebSockets. Left out: as long as grace.'),
    listen: z
      .enum(['keep', 'close'])
      .default('keep')
      .describe('Whether clients are still accepted meanwhile. close: for load balancers that notice a closed port.'),
  })
  .describe('How the program ends.');

/** `reload`. */
export const reload = z
  .strictObject({
    watch: z.boolean().default(false).describe('Whether a change of the file is a reason to reload, beside SIGHUP.'),
    maxAge: duration()
      .prefault('24h')
      .describe('Time for the sessions of a configuration that was replaced; then they are closed.'),
  })
  .describe('How the configuration is replaced while the program runs.');
