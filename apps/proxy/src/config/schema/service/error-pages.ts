import { lazily } from '@inband/chainers';
import { PROXY_ERRORS } from '@inband/core';
import * as z from 'zod';

/** The codes of errors, their statuses, and `default`. */
export const ERROR_PAGE_KEYS: ReadonlySet<string> = new Set([
  ...Object.keys(PROXY_ERRORS),
  ...Object.values(PROXY_ERRORS)
    .flatMap((kind) => [kind.status, ...('alsoStatus' in kind ? kind.alsoStatus : [])])
    .map(String)
    .toSorted(),
  'default',
]);

/** Files of error pages. Which keys there are is checked where the files are read. */
export const errorPages = lazily(() =>
  z
    .record(z.string().min(1), z.string().min(1))
    .describe(
      'Templates of error pages for browsers, by code ("dns_error"), status ("403") or "default": files of HTML, relative to this file.',
    )
    .meta({ propertyNames: { enum: [...ERROR_PAGE_KEYS] } }),
);
