import { z } from 'zod';
import { duration } from './duration.ts';
import { chainerName, references } from './references.ts';
import { typeNames } from './type-names.ts';
import { type ConnectOptions, localExcludesForgeAddr, localOrForged } from './connect-options.ts';
import { parsed } from './parsed.ts';
import { readOnce } from './read-once.ts';
import {
  parseLocalAddress,
  parseServerAddress,
  parseServerOfPool,
  parseServerOrPort,
  type WrittenServer,
} from './server-address.ts';
import { tlsOption } from './server-tls.ts';
import { tlsContradiction } from './tls-settings.ts';

/** One server, for the options of a chainer. */
export const serverAddress = parsed(parseServerAddress).describe(
  'A server: host:port, [IPv6]:port or unix:/path. A name is resolved whenever a connection is made.',
);

/** Each of the `servers` of a pool. */
export const serverOfPool = parsed(parseServerOfPool).describe(
  'A server: host:port, [IPv6]:port, unix:/path, or https://host for one that speaks TLS. ' +
    'Each address of a name is a server; it is resolved again when its time to live ends.',
);

/** `remote`, and each of `hosts`. */
export const serverOrPort = parsed(parseServerOrPort)
  .describe(
    'A server: host:port, [IPv6]:port, unix:/path, or https://host for one that speaks TLS. ' +
      'A name is resolved whenever a connection is made. Port 0: the port that the client addressed.',
  )
  .register(references, { to: 'server-or-port' });

/** An option that holds another chainer, or the name of one; the plugin lists its name in `nested`. */
export const nestedChainer = z.union(
  [z.looseObject({ type: z.string().min(1) }).register(typeNames, { name: 'ChainerInput' }), chainerName],
  { error: 'expected the name of a chainer, or a mapping with the "type" of one and its options' },
);

/** The options of every chainer that dials. To be spread into a `z.strictObject`, which then goes through {@link connecting}. */
export const connectShape = {
  local: parsed(parseLocalAddress)
    .optional()
    .describe(
      'Local address of connections to servers: 192.0.2.1, 192.0.2.1:0 or [2001:db8::1]:0. Excludes forgeAddr.',
    ),
  forgeAddr: z
    .boolean()
    .default(false)
    .describe(
      "Connect to servers from the client's own address. Excludes local; needs Linux, epoll and CAP_NET_ADMIN.",
    ),
  proxyProtocol: z
    .enum(['v1', 'v2'])
    .optional()
    .describe(
      'Tell servers about the client by a header of the PROXY protocol of that version, before TLS. Connections are then reused for clients of the same address alone.',
    ),
  connectTimeout: readOnce(duration(), '10s').describe(
    'Longest time for one attempt to connect to one address: 500ms, 10s, 5m, or milliseconds.',
  ),
  tls: tlsOption,
};

/**
 * Adds the rules of {@link connectShape} to a schema: that `local` and `forgeAddr` exclude each other, and that what is said of TLS agrees.
 * `servers`: those in the options.
 */
export function connecting<Schema extends z.ZodType<ConnectOptions>>(
  schema: Schema,
  servers: (options: z.output<Schema>) => readonly WrittenServer[] = noServers,
): Schema {
  return schema
    .refine(localOrForged, { error: localExcludesForgeAddr, path: ['forgeAddr'] })
    .superRefine((options, context) => {
      const message = tlsContradiction(options, servers(options));
      if (message !== undefined) context.addIssue({ code: 'custom', path: ['tls'], message, input: options });
    });
}

function noServers(): readonly WrittenServer[] {
  return [];
}
