import { lazily } from '@inband/chainers';
import * as z from 'zod';
import { oneOrMore } from '../../values/one-or-more.ts';
import { ports, text, texts, zonesOrAddresses } from '../../values/values.ts';
import { eitherOf } from './either-of.ts';

const natConditions = () => ({
  clients: zonesOrAddresses.optional().describe('Zones, addresses or CIDRs of clients.'),
  servers: zonesOrAddresses
    .optional()
    .describe('Zones, addresses or CIDRs of servers: of dnat before, of snat after it.'),
  users: texts.optional().describe('Authenticated users, and the identities of client certificates.'),
  groups: texts.optional().describe('Groups, one of which the authenticated user must be in.'),
  ports: oneOrMore(ports, 'a port or a range of ports').optional().describe('Ports of that address, or ranges.'),
  to: text.optional().describe('One address, with or without a port.'),
  network: text
    .optional()
    .describe('A network as long as the one in servers (dnat) or clients (snat): keeps host bits.'),
  pool: oneOrMore(text, 'an address or a CIDR')
    .optional()
    .describe('Addresses and networks, of which each client always gets the same.'),
});

/** A rule of `nat`. */
export const natRule = lazily(() =>
  z
    .strictObject({
      dnat: z
        .strictObject({
          ...natConditions(),
          embedIn: text.optional().describe('A NAT64 prefix: IPv4 servers are reached by IPv6 addresses in it.'),
          extractFrom: text
            .optional()
            .describe('A NAT64 prefix: servers in it are reached by the IPv4 address within.'),
        })
        .optional()
        .describe('Where connections go. Has exactly one of to, network, pool, embedIn and extractFrom.'),
      snat: z
        .strictObject(natConditions())
        .optional()
        .describe('Where connections come from. Has exactly one of to, network and pool.'),
    })
    .superRefine((rule, context) => {
      eitherOf(rule, ['dnat', 'snat'], context);
    })
    .meta({ oneOf: [{ required: ['dnat'] }, { required: ['snat'] }] }),
);
