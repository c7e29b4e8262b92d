import type { Logger, SharedGuesses } from '@inband/core';
import type { Store } from '@inband/store';
import { CountedGuesses } from '../guesses/counted-guesses.ts';
import { Revocations } from '../revoked/revocations.ts';
import type { Revoked } from '../revoked/revoked.ts';
import type { TicketKeyRing } from '../session-tickets/ticket-keys.ts';
import type { SecretSharing } from '../acme/shared/share-acme.ts';
import type { SharedTickets } from './tickets/shared-tickets.ts';

/** Milliseconds for which logins at admin servers that failed are counted together; as long as such a server counts its own. */
const LOGIN_PERIOD = 60_000;

/** By what they are shared. */
export interface SecretsCluster {
  /** `cluster.name`. */
  readonly name: string;
  /** Of this member. */
  readonly member: string;
  /** Undefined where one process shares with nobody. */
  readonly store: Store | undefined;
  /** Whether there may be other members. */
  readonly hasOthers: boolean;
  /** The folder `cluster.state`. */
  readonly folder: string | undefined;
}

export interface SecretsSideDeps {
  readonly logger: Logger;
  readonly ring: TicketKeyRing;
  /** What `cluster.secret` names; the first one seals. */
  readonly secrets: readonly Uint8Array[];
}

/**
 * What members of a cluster share of secrets and logins, for the process that owns the connection to the store: certificates by ACME and the keys of
 * session tickets, where there is a `cluster.secret`; tokens that are revoked and wrong guesses in any case. What needs much is loaded where it is used.
 */
export class SecretsSide {
  readonly revocations: Revocations;
  readonly #deps: SecretsSideDeps;
  readonly #followers: ((all: readonly Revoked[]) => void)[] = [];
  #sharing: SecretSharing | undefined = undefined;
  #tickets: SharedTickets | undefined = undefined;
  #guesses: CountedGuesses | undefined = undefined;
  #store: Store | undefined = undefined;

  constructor(deps: SecretsSideDeps) {
    this.#deps = deps;
    const tell = (all: readonly Revoked[]): void => this.#followers.forEach((follower) => follower(all));
    this.revocations = new Revocations({ logger: deps.logger, tell });
  }

  /** Shares them from now on. The store is the caller's to close, after this. */
  async open({ name, member, store, hasOthers, folder }: SecretsCluster): Promise<void> {
    if (store === undefined) return;
    const [first, ...others] = this.#deps.secrets;
    if (!hasOthers) {
      this.#guesses = new CountedGuesses(store, undefined);
      return;
    }
    this.#store = store;
    if (folder !== undefined) {
      const { RevokedOnDisk } = await import('./revoked-on-disk.ts');
      await this.revocations.remember(new RevokedOnDisk(folder, this.#deps.logger));
    }
    const { StoredRevoked } = await import('../revoked/stored-revoked.ts');
    this.revocations.share(new StoredRevoked(store));
    if (first === undefined) {
      this.#guesses = new CountedGuesses(store, undefined);
      return;
    }
    const [{ Sealer }, { SealedValues }, { SharedTickets: Tickets }] = await Promise.all([
      import('../sealed/sealer.ts'),
      import('../sealed/sealed-values.ts'),
      import('./tickets/shared-tickets.ts'),
    ]);
    const sealer = new Sealer(name, [first, ...others]);
    const values = new SealedValues(store, sealer);
    this.#guesses = new CountedGuesses(store, sealer.nameKey);
    this.#sharing = { store, values, member };
    const { ring, logger } = this.#deps;
    this.#tickets = new Tickets({ store, values, ring, own: sealer.ownKey, logger });
    this.#tickets.start();
  }

  /** Calls `follower` with the tokens that are revoked, now and whenever they are others. */
  followRevoked(follower: (all: readonly Revoked[]) => void): void {
    this.#followers.push(follower);
    follower(this.revocations.all);
  }

  /** By what ACME is shared. Undefined: it is of this machine alone. */
  get sharing(): SecretSharing | undefined {
    return this.#sharing;
  }

  /** Counts wrong guesses with other processes. Undefined where there are none. */
  get guesses(): SharedGuesses | undefined {
    return this.#guesses;
  }

  /** See `AdminOwner`. Never rejects. */
  async countFailedLogin(address: string): Promise<number | undefined> {
    if (this.#store === undefined) return undefined;
    return this.#guesses?.countOnce(`admin ${address}`, LOGIN_PERIOD);
  }

  close(): void {
    this.#tickets?.close();
    this.revocations.close();
  }
}
