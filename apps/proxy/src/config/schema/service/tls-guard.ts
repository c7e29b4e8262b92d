import { duration, lazily } from '@inband/chainers';
import * as z from 'zod';
import { texts } from '../../values/values.ts';

/** `tls` of a service. */
export const tls = lazily(() =>
  z
    .strictObject({
      allow: texts
        .optional()
        .describe('Names that the ClientHello may ask for beside the host of the tunnel: exact or "*.suffix".'),
      ech: z
        .enum(['pass', 'refuse'])
        .optional()
        .describe('A ClientHello with an encrypted one in it, as browsers send to every server: pass or refuse.'),
      helloTimeout: duration().optional().describe('For the whole ClientHello, from the opening of the tunnel.'),
      tunnelIdleTimeout: duration().optional().describe('For a tunnel in which nothing moves.'),
      tunnelHalfCloseTimeout: duration()
        .optional()
        .describe('For the rest of a tunnel once one side has finished sending, whatever trickles.'),
    })
    .describe('Settings of the TLS guard.'),
);
