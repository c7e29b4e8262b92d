import type { InetAddr } from '@inband/core';
import { z } from 'zod';
import { lazily } from '../options/lazily.ts';
import { duration } from '../options/duration.ts';
import { connectShape } from '../options/options.ts';
import { parsed } from '../options/parsed.ts';
import { AddressSyntaxError } from '../options/server-address.ts';
import type { TlsOption } from '../options/server-tls.ts';
import { type ParentLogin, parentLogin } from '../parent/auth-options.ts';

export interface PacOptions {
  /** One of the two. */
  readonly file?: string | undefined;
  readonly url?: string | undefined;
  /** Milliseconds between two fetches of `url`. */
  readonly refresh: number;
  readonly auth?: ParentLogin | undefined;
  readonly resolve: 'remote' | 'local';
  /** Milliseconds for which a parent that failed is tried after the others. */
  readonly stateTimeout: number;
  readonly local?: InetAddr | undefined;
  readonly connectTimeout: number;
  /** TLS to the parents that a file names by HTTPS. */
  readonly tls?: TlsOption | undefined;
}

export const pacOptions = lazily(() =>
  z
    .strictObject({
      file: z.string().min(1).optional().describe('A PAC file, which is read again when it changes.'),
      url: parsed(parsePacUrl).optional().describe('The http or https URL of a PAC file. Redirects are not followed.'),
      refresh: duration({ minimum: 1_000 })
        .prefault('5m')
        .describe('How often url is fetched again: 30s, 5m, or milliseconds.'),
      auth: parentLogin
        .optional()
        .describe(
          'How this proxy logs in at the parents that the file names, whichever they are: give it only to a file that comes from where nobody can change it.',
        ),
      resolve: z
        .enum(['remote', 'local'])
        .default('remote')
        .describe('Who resolves the names that clients ask for behind parents: the parent, or this proxy.'),
      stateTimeout: duration({ minimum: 0 })
        .prefault('60s')
        .describe('How long a parent that failed is tried after the others: 500ms, 10s, 5m, or milliseconds.'),
      local: connectShape.local,
      connectTimeout: connectShape.connectTimeout,
      tls: connectShape.tls,
    })
    .superRefine(({ file, url, tls }, context) => {
      if (tls === false)
        context.addIssue({
          code: 'custom',
          path: ['tls'],
          message: 'parents that a file names by HTTPS speak TLS',
          input: tls,
        });
      if ((file === undefined) !== (url === undefined)) return;
      const message =
        file === undefined ? 'expected a "file" or a "url"' : 'a file comes either from a "file" or from a "url"';
      context.addIssue({ code: 'custom', path: ['file'], message, input: file });
    })
    .describe(
      'Asks a proxy auto-configuration (PAC) file by which parents, in which order, or directly what a client asks for is reached.',
    ),
);

function parsePacUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) throw new AddressSyntaxError('expected an http or https URL');
  if (url.username !== '' || url.password !== '') throw new AddressSyntaxError('expected a URL without a user');
  return url.href;
}
