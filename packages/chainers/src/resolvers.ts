import {
  createDnsResolver,
  createSystemResolver,
  definePlugin,
  inetAddr,
  type ResolverPlugin,
  thisMachine,
} from '@inband/core';
import { z } from 'zod';
import { autoResolverFactory, resolverPlatform } from './auto-resolver.ts';
import { lazily } from './options/lazily.ts';
import { duration } from './options/duration.ts';

/** `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` or `[2001:db8::1]:53`. */
function isDnsServer(text: string): boolean {
  if (inetAddr(text, 53) !== undefined) return true;
  const [, bracketed, dotted, port] = /^(?:\[([^\]]*)\]|([0-9.]+))(?::([1-9][0-9]{0,4}))?$/.exec(text) ?? [];
  if (port !== undefined && Number(port) > 65_535) return false;
  return inetAddr(bracketed ?? dotted ?? '', 53)?.family === (bracketed === undefined ? 'inet' : 'inet6');
}

export const autoResolverOptions = z
  .strictObject({})
  .describe(
    'As the machine looks names up: by an own DNS client where /etc/hosts and DNS are all there is, else system.',
  );

/** The default. */
export const autoResolverPlugin = definePlugin<z.output<typeof autoResolverOptions>>({
  ...autoResolverFactory,
  schema: autoResolverOptions,
});

export const systemResolverOptions = z
  .strictObject({})
  .describe("The system's resolver (getaddrinfo): /etc/hosts, search domains and all.");

/** For exactly the answers that other programs get. Each look-up occupies a thread until it is answered. */
export const systemResolverPlugin = definePlugin<z.output<typeof systemResolverOptions>>({
  provides: 'resolver',
  kind: 'system',
  schema: systemResolverOptions,
  create: () => createSystemResolver(thisMachine),
});

export const dnsResolverOptions = lazily(() =>
  z
    .strictObject({
      servers: z
        .array(
          z.string().refine(isDnsServer, {
            error: 'expected the address of a DNS server: 192.0.2.1, 192.0.2.1:5353 or [2001:db8::1]:53',
          }),
        )
        .min(1, { error: 'servers needs at least one DNS server; leave it out for those of the system' })
        .optional()
        .describe("DNS servers, asked in this order; the system's when left out."),
      timeout: duration().prefault('2s').describe('How long a server has for one try.'),
      tries: z.int().min(1).max(10).default(3).describe('How often each server is asked.'),
    })
    .describe('Asks DNS servers directly and honours times to live; knows neither /etc/hosts nor search domains.'),
);

export const dnsResolverPlugin = definePlugin<z.output<typeof dnsResolverOptions>>({
  provides: 'resolver',
  kind: 'dns',
  schema: dnsResolverOptions,
  create: (options) => createDnsResolver(options, resolverPlatform),
});

/** The resolvers that every program registers. The program puts a cache in front of each. */
export const builtinResolvers: readonly ResolverPlugin[] = [
  autoResolverPlugin,
  systemResolverPlugin,
  dnsResolverPlugin,
];
