import { duration, lazily } from '@inband/chainers';
import * as z from 'zod';
import { size } from '../../values/size.ts';
import { port, texts } from '../../values/values.ts';
import { errorPages } from './error-pages.ts';

/** `http` of a service. */
export const http = lazily(() =>
  z
    .strictObject({
      strict: z.boolean().optional().describe('Refuse also what cannot be misread, instead of passing or mending it.'),
      via: z
        .string()
        .max(64)
        .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { error: 'expected a token of RFC 9110: letters, digits and -._~' })
        .optional()
        .describe(
          'Our name in Via. A request that carries it already is a loop. Default: inband- and six random letters.',
        ),
      forwarded: z
        .enum(['off', 'x-forwarded', 'rfc7239'])
        .optional()
        .describe(
          'Which fields tell servers about the client. Default: off in mode forward and transparent, x-forwarded in reverse.',
        ),
      connectPorts: z
        .union([z.literal('any'), z.array(port)], { error: 'expected a list of ports, or "any"' })
        .optional()
        .describe(
          'Ports that CONNECT may go to. Default: any for clients on this machine, 80, 443, 8080 and 8443 for others.',
        ),
      ownPages: z
        .boolean()
        .optional()
        .describe(
          'In mode forward: whether the proxy shows at its own address how to use it, and has /proxy.pac there.',
        ),
      pacDirect: texts
        .optional()
        .describe(
          'What /proxy.pac has browsers reach without the proxy: names, "*.suffix", addresses, CIDRs, zones, "<local>".',
        ),
      errorPages: errorPages.optional(),
      maxRequestLine: size(64, 2 ** 20)
        .optional()
        .describe('Longest request line.'),
      maxHeaderBytes: size(256, 2 ** 24)
        .optional()
        .describe('Largest head of a message, its first line included.'),
      maxHeaderFields: z.int().min(1).max(10_000).optional().describe('Most fields in a head.'),
      maxBody: size(0, Number.MAX_SAFE_INTEGER).optional().describe('Largest request content. Left out: no limit.'),
      headerTimeout: duration().optional().describe('For a whole head, from its first byte.'),
      firstByteTimeout: duration().optional().describe('For the first byte of an intercepted client.'),
      idleTimeout: duration().optional().describe('For a client connection between requests.'),
      responseTimeout: duration()
        .optional()
        .describe(
          'From a request to the first byte of its response. Default: 5m in mode forward and transparent, 60s in reverse.',
        ),
      bodyTimeout: duration()
        .optional()
        .describe(
          'Without progress within a message. Default: 15m in mode forward and transparent, where a client may also pause; ' +
            'in reverse 60s for a request and 5m for a response.',
        ),
      halfCloseTimeout: duration()
        .optional()
        .describe('For a response to begin once its client has finished sending, and so may be gone.'),
      tunnelIdleTimeout: duration().optional().describe('For a tunnel in which nothing moves.'),
      tunnelHalfCloseTimeout: duration()
        .optional()
        .describe('For the rest of a tunnel once one side has finished sending, whatever trickles.'),
    })
    .describe('Settings of the HTTP proxy.'),
);
