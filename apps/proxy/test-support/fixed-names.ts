import { definePlugin } from '@inband/core';
import * as z from 'zod';

/** A plugin with a resolver, `fixed`, that knows these names and no other. */
export function fixedNames(names: Readonly<Record<string, readonly string[]>>) {
  return definePlugin<object>({
    provides: 'resolver',
    kind: 'fixed',
    schema: z.strictObject({}),
    create: () => ({
      async resolve(host) {
        const addresses = names[host];
        if (addresses === undefined) throw new Error(`There is no ${host}.`);
        return {
          addresses: addresses.map((text) => ({ family: text.includes(':') ? 'inet6' : 'inet', address: text })),
        };
      },
    }),
  });
}
