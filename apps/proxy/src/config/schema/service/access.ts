import { lazily } from '@inband/chainers';
import * as z from 'zod';
import { named, paths, when } from '../../conditions/conditions.ts';
import { oneOrMore } from '../../values/one-or-more.ts';
import { ports, text, texts, zonesOrAddresses } from '../../values/values.ts';
import { eitherOf } from './either-of.ts';
import { hosts } from './hosts.ts';

const accessConditions = lazily(() =>
  z.strictObject({
    clients: zonesOrAddresses.optional().describe('Zones, addresses or CIDRs of clients.'),
    servers: zonesOrAddresses.optional().describe('Zones, addresses or CIDRs of servers. The resolved address counts.'),
    hosts: hosts.optional().describe('Host names as requested: exact, "*.suffix", or lists of them in files.'),
    ports: oneOrMore(ports, 'a port or a range of ports').optional().describe('Ports, or ranges such as "8000-8099".'),
    methods: texts.optional().describe('Request methods.'),
    users: texts.optional().describe('Authenticated users, and the identities of client certificates.'),
    groups: texts.optional().describe('Groups, one of which the authenticated user must be in.'),
    certificates: texts
      .optional()
      .describe('Client certificates: "any", or a name of theirs: URI, DNS name, e-mail address, "sha256:…".'),
    paths,
    fields: named('Fields of the request'),
    query: named('Parameters of the query'),
    cookies: named('Cookies'),
    when,
    reason: text.optional().describe('Shown to the client that is denied, and logged.'),
  }),
);

/** A rule of `access`. */
export const accessRule = lazily(() =>
  z
    .strictObject({
      allow: accessConditions.optional().describe('Lets through what meets all of its conditions.'),
      deny: accessConditions.optional().describe('Refuses what meets all of its conditions.'),
    })
    .superRefine((rule, context) => {
      eitherOf(rule, ['allow', 'deny'], context);
    })
    .meta({ oneOf: [{ required: ['allow'] }, { required: ['deny'] }] }),
);
