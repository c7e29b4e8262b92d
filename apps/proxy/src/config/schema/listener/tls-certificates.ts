import { lazily } from '@inband/chainers';
import * as z from 'zod';
import { oneOrMore } from '../../values/one-or-more.ts';
import { text } from '../../values/values.ts';

const certificate = lazily(() =>
  z
    .strictObject({
      cert: text
        .optional()
        .describe('The file of a certificate, with its chain behind it (PEM), relative to this file.'),
      key: text.optional().describe('The file of its key (PEM). Default: in the file of cert.'),
      dir: text.optional().describe('A folder of certificates and keys, as certbot, Kubernetes and HAProxy have them.'),
    })
    .superRefine(({ cert, key, dir }, context) => {
      if (cert === undefined ? dir !== undefined && key === undefined : dir === undefined) return;
      context.addIssue({ code: 'custom', message: 'expected a mapping with "cert" and "key", or with "dir"' });
    })
    .meta({ oneOf: [{ required: ['cert'] }, { required: ['dir'] }] }),
);

/** What a server is identified by. The files are followed. */
export const certificateKeys = () => ({
  certificates: z
    .array(certificate)
    .optional()
    .describe('Certificates, chosen by the name that a client asks for. Their files are followed.'),
  defaultCertificate: z
    .string()
    .regex(/^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i, { error: 'expected the name of a server, as in a certificate' })
    .optional()
    .describe(
      'The name whose certificate clients get that ask for another one, or for none. Left out: they are refused.',
    ),
});

/** Which certificates of clients are accepted. The files are followed. */
export const trustKeys = () => ({
  ca: oneOrMore(text, 'the path of a file')
    .optional()
    .describe('Files of the authorities that sign certificates of clients (PEM).'),
  crl: oneOrMore(text, 'the path of a file')
    .optional()
    .describe('Files of lists of revoked certificates (CRL, PEM), one of each authority.'),
});
