// A way to authenticate: clients show a key in a field of their request.
import { createHash } from 'node:crypto';
import { type Authenticator, type AuthOutcome, type AuthQuery, definePlugin, z } from 'inband';

const options = z.strictObject({
  field: z.string().default('x-api-key').describe('The field in which clients send their key.'),
  keys: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)).describe('Who has a key, with its SHA-256.'),
});

declare module 'inband' {
  interface AuthKinds {
    'api-key': z.input<typeof options>;
  }
}

class ApiKeys implements Authenticator {
  // There is no way to ask for such a key by HTTP: whoever has none gets 403.
  readonly challenges = [];
  readonly readsPasswords = false;
  // It does not look at "Authorization", so that servers get it.
  readonly readsCredentials = false;
  readonly #field: string;
  readonly #users: ReadonlyMap<string, string>;

  constructor({ field, keys }: z.output<typeof options>) {
    this.#field = field;
    this.#users = new Map(Object.entries(keys).map(([user, hash]) => [hash, user]));
  }

  authenticate({ request }: AuthQuery): AuthOutcome {
    const [key, ...others] = request?.fields(this.#field) ?? [];
    if (key === undefined) return { verdict: 'none' };
    // A fast hash is enough for keys that nobody can guess.
    const user = this.#users.get(createHash('sha256').update(key).digest('hex'));
    if (user === undefined || others.length > 0) return { verdict: 'denied', why: 'The key is wrong.' };
    // The server learns who it is, and does not get the key.
    return {
      verdict: 'user',
      user,
      groups: [],
      requestFields: new Map([
        [this.#field, undefined],
        ['x-user', user],
      ]),
    };
  }
}

export default definePlugin<z.output<typeof options>>({
  provides: 'auth',
  kind: 'api-key',
  schema: options,
  create: (written) => new ApiKeys(written),
});
