import { duration } from '@inband/chainers';
import * as z from 'zod';
import { certificateKeys, trustKeys } from './tls-certificates.ts';

const text = z.string().min(1);

/** `listeners[].tls`. */
export const listenerTls = z.strictObject({
  ...certificateKeys,
  minVersion: z.enum(['1.2', '1.3']).default('1.2').describe('The lowest version of TLS that is spoken, in quotes.'),
  ciphers: text
    .optional()
    .describe("Ciphers of TLS 1.2 and suites of TLS 1.3, in the list format of OpenSSL. Default: OpenSSL's."),
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
    .describe('Whether clients are asked for a certificate. request: they may have none. require: they must have one.'),
  ...trustKeys,
  handshakeTimeout: duration().prefault('10s').describe('Time for the whole handshake, from the accepted connection.'),
});
