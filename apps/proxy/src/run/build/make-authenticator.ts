import {
  type AddressZones,
  type Authenticator,
  type AuthPlugin,
  InOrder,
  type Logger,
  type ServiceMode,
} from '@inband/core';
import { madeBy } from '../../config/plugins/made-by.ts';
import type { PlannedAuth } from '../plan/planned.ts';
import type { BuildDeps, SaidUser } from './made.ts';

interface AuthenticatorDeps extends Pick<BuildDeps, 'registry' | 'prepared' | 'clientIs'> {
  /** See `AuthDeps`. Always said, because nothing would be noticed of what is forgotten. */
  readonly revoked: BuildDeps['revoked'];
  readonly guesses: BuildDeps['guesses'];
  readonly mode: ServiceMode;
  readonly zones: AddressZones;
  readonly logger: Logger;
}

/** Makes what says who the clients of a service are. */
export function makeAuthenticator(ways: readonly PlannedAuth[], deps: AuthenticatorDeps): Authenticator {
  const made: Authenticator[] = [];
  try {
    for (const way of ways) made.push(makeOne(way, deps));
  } catch (error) {
    for (const each of made) each.close?.();
    throw error;
  }
  const [only] = made;
  return only !== undefined && made.length === 1 ? only : new InOrder(made);
}

function makeOne(
  { place, type, options, baseDirectory }: PlannedAuth,
  { registry, prepared, clientIs, mode, zones, logger, revoked, guesses }: AuthenticatorDeps,
): Authenticator {
  // What was prepared is what this plugin made.
  const plugin: AuthPlugin<unknown, unknown> | undefined = registry.auth(type);
  if (plugin === undefined) throw new Error(`There is no way "${type}" to authenticate.`);
  const more = { mode, zones, baseDirectory, revoked, guesses };
  const created = plugin.create(options, { logger, setting: place, ...more }, prepared.get(place));
  const made = madeBy(plugin, created, ['authenticate']);
  if (clientIs === undefined || (clientIs.user === undefined && plugin.looksAtConnection === true)) return made;
  return saying(clientIs, made);
}

/** Asks for the same, and knows only what is said. */
function saying({ user, groups }: SaidUser, made: Authenticator): Authenticator {
  return {
    get challenges(): readonly string[] {
      return made.challenges;
    },
    readsPasswords: made.readsPasswords,
    readsCredentials: made.readsCredentials ?? true,
    authenticate: () => (user === undefined ? { verdict: 'none' } : { verdict: 'user', user, groups }),
    close: () => made.close?.(),
  };
}
