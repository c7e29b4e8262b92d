import { chainerName, lazily } from '@inband/chainers';
import * as z from 'zod';
import { named, paths, when } from '../../conditions/conditions.ts';
import { redirect, respond } from '../../templates/answers.ts';
import { rewrite } from '../../templates/rewrite.ts';
import { oneOrMore } from '../../values/one-or-more.ts';
import { port, texts, zonesOrAddresses } from '../../values/values.ts';
import { chainer } from './chainer.ts';
import { fieldRules } from './fields.ts';
import { hosts } from './hosts.ts';

const routeMatch = lazily(() =>
  z.strictObject({
    host: hosts.optional().describe('Host name: exact, "*.suffix", or lists of them in files.'),
    port: oneOrMore(port, 'a port from 1 to 65535').optional().describe('Port of the target.'),
    path: paths,
    field: named('Fields of the request'),
    query: named('Parameters of the query'),
    cookie: named('Cookies'),
    when,
    method: texts.optional().describe('Request method.'),
    client: zonesOrAddresses.optional().describe('Zone, address or CIDR of the client.'),
    user: texts.optional().describe('Authenticated user, or identity of the client certificate.'),
  }),
);

const CHAINER_EXPECTED =
  'expected a mapping with the "type" of a chainer and its options, or the name of one of "chainers"';

/** A route of `routes`. */
export const route = z.strictObject({
  match: routeMatch.optional().describe('All that is named must match. Left out: every request.'),
  chainer: z
    .union([chainer, chainerName], { error: CHAINER_EXPECTED })
    .default({ type: 'none' })
    .describe('How the server is reached. Left out, in a service that is stacked in another: by what the other left.'),
  respond: respond.optional().describe('Answered by the proxy itself, in place of a chainer.'),
  redirect: redirect.optional().describe('Sent elsewhere by the proxy itself, in place of a chainer.'),
  rewrite: rewrite.optional().describe('What the server sees in place of what the client asked for.'),
  fields: fieldRules.optional().describe('How fields are changed by this route, behind the rules of the service.'),
});
