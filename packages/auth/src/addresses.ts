import type { AddressZones, Authenticator, AuthOutcome, AuthQuery } from '@inband/core';
import { groupsByUser, type Groups } from './base/groups.ts';

const NONE: AuthOutcome = Object.freeze({ verdict: 'none' });
const NO_GROUPS: readonly string[] = Object.freeze([]);

export interface AddressOptions {
  /** The zones whose names are users. */
  readonly zones: readonly string[];
  /** By the name of the group. */
  readonly groups: Groups;
}

/** Takes the zone of a client's address for its user: of several the most specific one. */
export class AddressAuthenticator implements Authenticator {
  /** A client cannot be asked for another address. */
  readonly challenges: readonly string[] = [];
  readonly readsPasswords = false;
  readonly readsCredentials = false;
  readonly #users: ReadonlyMap<string, AuthOutcome>;
  readonly #zones: AddressZones;

  /** `zones` may change while it is used. */
  constructor({ zones: users, groups }: AddressOptions, zones: AddressZones) {
    const ofUser = groupsByUser(groups);
    this.#users = new Map(
      users.map((user) => [user, { verdict: 'user', user, groups: ofUser.get(user) ?? NO_GROUPS } as const]),
    );
    this.#zones = zones;
  }

  authenticate({ client }: AuthQuery): AuthOutcome {
    for (const zone of this.#zones.zonesOf(client.address, 'client')) {
      const user = this.#users.get(zone);
      if (user !== undefined) return user;
    }
    return NONE;
  }
}
