import { timingSafeEqual } from 'node:crypto';
import type { TokenOptions } from '../base/options.ts';
import type { Identity } from '../base/identity.ts';
import { digestIn, digestOf } from './token-hash.ts';

/** The tokens of the configuration. */
export class Tokens {
  readonly #known: readonly { readonly digest: Buffer; readonly identity: Identity }[];

  constructor(tokens: readonly TokenOptions[]) {
    this.#known = tokens.map(({ name, role, hash }) => ({ digest: digestIn(hash), identity: { name, role } }));
  }

  /** Who has the token. It takes the same time whichever of them it is, and if it is none. */
  find(token: string): Identity | undefined {
    const digest = digestOf(token);
    let found: Identity | undefined;
    for (const { digest: known, identity } of this.#known) {
      if (known.length === digest.length && timingSafeEqual(known, digest)) found = identity;
    }
    return found;
  }
}
