import {
  type AddressZones,
  type Authenticator,
  type AuthPlugin,
  InOrder,
  type Logger,
  type ServiceMode,
} from '@inband/core';
import type { PlannedAuth } from '../plan/planned.ts';
import type { BuildDeps } from './made.ts';

interface AuthenticatorDeps extends Pick<BuildDeps, 'registry' | 'prepared'> {
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
  { registry, prepared, mode, zones, logger }: AuthenticatorDeps,
): Authenticator {
  // What was prepared is what this plugin made.
  const plugin: AuthPlugin<unknown, unknown> | undefined = registry.auth(type);
  if (plugin === undefined) throw new Error(`There is no way "${type}" to authenticate.`);
  return plugin.create(options, { logger, setting: place, mode, zones, baseDirectory }, prepared.get(place));
}
