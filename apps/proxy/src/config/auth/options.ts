import * as z from 'zod';

export const text = z.string().min(1);

/** What browsers show, and what digests are made with. */
export const realm = z
  .string()
  .regex(/^[\x20\x21\x23-\x5b\x5d-\x7e]{1,100}$/, {
    error: 'expected 1 to 100 printable characters of ASCII without quotes and backslashes',
  })
  .default('inband')
  .describe('What browsers show beside the question for the password.');

export const groups = z
  .record(text, z.array(text))
  .default({})
  .describe('Groups with their users, for "groups" in access rules.');

/** A URL of a server that the operator has, without a user. */
export const httpUrl = z.string().refine(isHttpUrl, {
  error: 'expected a URL with http:// or https://, without a user and a fragment',
});

function isHttpUrl(written: string): boolean {
  const url = URL.parse(written);
  return (
    url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' && url.hash === ''
  );
}
