import { inetAddr } from '@inband/core';
import { z } from 'zod';
import { lazily } from './lazily.ts';
import { parsed } from './parsed.ts';
import { AddressSyntaxError, isName, normaliseServer } from './server-address.ts';

/** "sha256/" and 32 bytes in base64. */
const PIN = /^sha256\/[A-Za-z0-9+/]{43}=$/;

const file = z.string().min(1);
const files = lazily(() => z.union([file.transform((path): string[] => [path]), z.array(file).min(1)]));

/** `tls` of a chainer. */
const tlsMapping = lazily(() =>
  z.strictObject({
    verify: z
      .boolean()
      .default(true)
      .describe(
        "Whether the server's certificate must lead to an authority that is trusted, and be issued for its name. " +
          'Without it, only pins are compared.',
      ),
    servername: parsed(parseServerName)
      .optional()
      .describe(
        'The name or IP address that certificates of servers must be issued for. A name is sent to them (SNI). ' +
          'By default the one by which each is known here, or that the client asked for.',
      ),
    ca: files
      .optional()
      .describe('Files (PEM) of the authorities that are trusted. By default those that Node trusts.'),
    crl: files
      .optional()
      .describe(
        'Files (PEM) of lists of revoked certificates (CRL). With one, each authority of a chain needs a list, and none may be out of date.',
      ),
    cert: file.optional().describe('The file (PEM) of a certificate with its chain, for servers that ask for one.'),
    key: file.optional().describe('The file (PEM) of its key. By default it is in the file of the certificate.'),
    pin: z
      .array(z.string().regex(PIN, { error: 'expected "sha256/" and the SHA-256 of a public key in base64' }))
      .min(1)
      .optional()
      .describe('The public keys that a server may have: "sha256/" and the SHA-256 of each (SPKI) in base64.'),
    minVersion: z
      .enum(['1.2', '1.3'], { error: 'expected "1.2" or "1.3", in quotes' })
      .default('1.2')
      .describe('The lowest version of TLS that is spoken.'),
  }),
);

export type TlsMapping = z.output<typeof tlsMapping>;

/** `tls` of a chainer, as its constructor takes it: true for the defaults. */
export type TlsOption = boolean | Partial<TlsMapping>;

/** TLS to servers, without what is said of it. */
const tlsSchema = lazily(() =>
  z.union([z.boolean(), tlsMapping], { error: 'expected true, false, or a mapping with the settings of TLS' }),
)
  .optional()
  .superRefine((value, context) => {
    if (typeof value !== 'object' || value.key === undefined || value.cert !== undefined) return;
    context.addIssue({ code: 'custom', path: ['cert'], message: 'a key needs its certificate', input: value });
  });

export const tlsOption = tlsSchema.describe(
  'TLS to servers: true, or a mapping with how they are verified. By default it is spoken to those that are written with https://.',
);

export const checkTlsOption = tlsSchema.describe(
  'tls, http: TLS of the check, with the keys of tls of a chainer, where only clients speak it to the servers (a service with proxy: tls).',
);

/** A name in lower case, without a final dot; or an address in its normal form. */
function parseServerName(text: string): string {
  const address = inetAddr(text.replace(/^\[(.*)\]$/, '$1'), 0);
  if (address !== undefined) return address.address;
  const server = normaliseServer({ host: text, port: 1 });
  if (!isName(server)) throw new AddressSyntaxError(`"${text}" is neither a host name nor an IP address`);
  return server.host.replace(/\.$/, '');
}
