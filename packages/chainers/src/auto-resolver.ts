import { createAutoResolver, dnsSockets, type ResolverPlatform, type ResolverPlugin, thisMachine } from '@inband/core';

export const resolverPlatform: ResolverPlatform = { sockets: dnsSockets, machine: thisMachine };

/** The default resolver, without the schema of its options, for whoever has them complete. */
export const autoResolverFactory: Omit<ResolverPlugin, 'schema'> = {
  provides: 'resolver',
  kind: 'auto',
  create: (_options, { logger }) => createAutoResolver({ ...resolverPlatform, logger }),
};
