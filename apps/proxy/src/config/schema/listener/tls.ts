import { duration, lazily, serviceName } from '@inband/chainers';
import * as z from 'zod';
import { oneOrMore } from '../../values/one-or-more.ts';
import { certificateKeys, trustKeys } from './tls-certificates.ts';
import { text } from '../../values/values.ts';

const match = lazily(() =>
  z
    .strictObject({
      names: oneOrMore(text, 'a name')
        .optional()
        .describe('Names that clients ask for: exact or "*.suffix". Left out: every client, with a name and without.'),
      pass: serviceName.optional().describe('A service with proxy tls, which gets the connection as it came.'),
      terminate: serviceName.optional().describe('TLS ends here, and this service gets what is in it.'),
      refuse: z
        .enum(['alert', 'reset'])
        .optional()
        .describe('How the client is refused: by the alert unrecognized_name, or by a reset that says nothing.'),
    })
    .superRefine(({ pass, terminate, refuse }, context) => {
      if ([pass, terminate, refuse].filter((way) => way !== undefined).length === 1) return;
      context.addIssue({ code: 'custom', message: 'expected exactly one of "pass", "terminate" and "refuse"' });
    })
    .meta({ oneOf: [{ required: ['pass'] }, { required: ['terminate'] }, { required: ['refuse'] }] }),
);

/** `listeners[].tls`. */
export const listenerTls = lazily(() =>
  z.strictObject({
    ...certificateKeys(),
    minVersion: z.enum(['1.2', '1.3']).default('1.2').describe('The lowest version of TLS that is spoken, in quotes.'),
    ciphers: text
      .optional()
      .describe('Ciphers of TLS 1.2 and suites of TLS 1.3, in the list format of OpenSSL. Default: DEFAULT:!kRSA.'),
    groups: text
      .optional()
      .describe("Groups for the key exchange in order: X25519MLKEM768:X25519:secp256r1. Default: OpenSSL's."),
    alpn: z
      .array(z.enum(['http/1.1', 'http/1.0']))
      .min(1)
      .default(['http/1.1'])
      .describe('Protocols that are agreed with clients that offer some (ALPN).'),
    clientAuth: z
      .enum(['off', 'request', 'require'])
      .default('off')
      .describe(
        'Whether clients are asked for a certificate. request: they may have none. require: they must have one.',
      ),
    ...trustKeys(),
    match: z
      .array(match)
      .default([])
      .describe(
        'What becomes of clients by the name that they ask for: rules, of which the first that matches decides.',
      ),
    handshakeTimeout: duration()
      .prefault('10s')
      .describe('Time for the whole handshake, from the accepted connection.'),
  }),
);
