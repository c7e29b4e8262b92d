import type { KeptStatus } from '@inband/acme';
import type { Draining, Health } from '@inband/admin';
import type { ParsedConfig } from '../config/parse-config.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import type { Revocations } from '../revoked/revocations.ts';
import type { Reloaded } from '../run/running.ts';
import type { PushSide } from '../cluster/pushes/push-side.ts';
import type { SecretsSide } from '../cluster/secrets-side.ts';
import type { ClusterView } from '../cluster/view/cluster-view.ts';
import type { ConfigChanges } from '../overlays/config-changes.ts';
import type { Answers, Outcome } from './questions/process-question.ts';

/** The configuration that is current. */
export interface Configured {
  readonly parsed: ParsedConfig;
  readonly source: ConfigSource;
}

/** The process to which the admin side belongs: one that serves clients itself, or the supervisor of those that do. */
export interface AdminOwner {
  health(): Health | Promise<Health>;
  /** What it keeps by ACME. */
  acme(): readonly KeptStatus[];
  /** The members of its cluster. */
  readonly cluster: ClusterView;
  /** The tokens that are refused before they expire. */
  readonly revocations: Revocations;
  /** Counts a login at the admin server that failed. Resolves with how many there were lately at all members; undefined where that is not known. */
  countFailedLogin(address: string): Promise<number | undefined>;
  /** How its configuration is replaced. */
  readonly changes: ConfigChanges;
  /** What is pushed to all members of a cluster; undefined where it is in none. */
  readonly pushes: PushSide | undefined;
  /** Rejects with a `ConfigError` if the configuration is refused. `by`: who asks, for the log. */
  reload(by: string): Promise<Reloaded>;
  /** Begins to end the process. */
  drain(by: string): Draining;
  /** Undefined while it starts. */
  configured(): Configured | undefined;
  /** Asks one process that serves clients, for at most `limit` milliseconds. Resolves with undefined if none answers. */
  askOne(question: string, argument: unknown, limit: number): Promise<Outcome | undefined>;
  /** Asks every process that serves clients. */
  askAll(question: string, argument: unknown): Promise<Answers>;
}

/** What every owner has of its process. Called when it is asked for, because some of it is made after the admin side. */
export interface OwnerDeps {
  readonly changes: () => ConfigChanges;
  readonly pushes: () => PushSide | undefined;
  readonly cluster: () => ClusterView;
  readonly acme: () => readonly KeptStatus[];
  /** What is shared of tokens and logins. */
  readonly secrets: () => Pick<SecretsSide, 'revocations' | 'countFailedLogin'>;
  readonly reload: (by: string) => Promise<Reloaded>;
}

/** What is the same for every owner. */
export abstract class OwnerParts {
  readonly #deps: OwnerDeps;

  constructor(deps: OwnerDeps) {
    this.#deps = deps;
  }

  acme(): readonly KeptStatus[] {
    return this.#deps.acme();
  }

  get cluster(): ClusterView {
    return this.#deps.cluster();
  }

  get revocations(): Revocations {
    return this.#deps.secrets().revocations;
  }

  countFailedLogin(address: string): Promise<number | undefined> {
    return this.#deps.secrets().countFailedLogin(address);
  }

  get changes(): ConfigChanges {
    return this.#deps.changes();
  }

  get pushes(): PushSide | undefined {
    return this.#deps.pushes();
  }

  reload(by: string): Promise<Reloaded> {
    return this.#deps.reload(by);
  }
}
