import type { Logger } from '@inband/core';
import type { Store } from '@inband/store';
import { resolve } from 'node:path';
import type { ParsedConfig } from '../../config/parse-config.ts';
import { errorsOf } from '../../config/problem/placed.ts';
import type { PushedFiles } from '../../config/read/config-files.ts';
import type { ConfigSource } from '../../config/read/read-source.ts';
import type { ConfigGauges } from '../../metrics/count/store-counter.ts';
import type { ConfigChanges } from '../../overlays/config-changes.ts';
import type { InheritedSockets } from '../../handover/inherited-sockets.ts';
import { unchangeableIn } from '../../run/generations/unchangeable.ts';
import { refuseTakenAddress } from '../../run/listeners/taken-address.ts';
import { planOf } from '../../run/plan/plan.ts';
import { transportFor } from '../../run/transport.ts';
import type { ConfigInfo } from '../config-info.ts';
import type { Staleness } from '../staleness.ts';
import type { Seal } from './stored/content.ts';
import { CopyOnDisk } from './stored/copy-on-disk.ts';
import { Follower } from './following/follower.ts';
import type { FollowingMember } from './push-decisions.ts';
import type { PusherDeps } from './pusher.ts';
import { type StartingConfig, startingConfig } from './starting-config.ts';
import { StoredConfig } from './stored/stored-config.ts';

/** The cluster, as far as pushes need it. */
export interface Fellowship {
  readonly store: Store | undefined;
  /** `cluster.name`. */
  readonly name: string;
  readonly member: string;
  members(): Promise<readonly BeatingMember[]>;
  tell(part: { readonly config: ConfigInfo }): void;
  readonly stale: Pick<Staleness, 'set'>;
  showConfig(gauges: () => ConfigGauges): void;
}

/** A configuration, read and checked. */
interface Loaded {
  readonly parsed: ParsedConfig;
  readonly source: ConfigSource;
}

/** What a member says, with when it said so. */
interface BeatingMember extends FollowingMember {
  readonly at?: number | undefined;
  readonly clock?: number | undefined;
}

/** How the process was started. */
interface Started {
  readonly inherited: InheritedSockets;
}

/** What is pushed to all members, for one of them: what it begins with, what it follows, and what it pushes itself. */
export class PushSide {
  /** What the member begins with. */
  readonly begun: Loaded;
  readonly #logger: Logger;
  readonly #cluster: Fellowship;
  readonly #stored: StoredConfig;
  readonly #copy: CopyOnDisk | undefined;
  readonly #seal: Seal | undefined;
  readonly #starting: StartingConfig;
  #follower: Follower | undefined = undefined;
  #changes: ConfigChanges | undefined = undefined;
  #current: () => ParsedConfig;

  private constructor(cluster: Fellowship, logger: Logger, { stored, copy, seal, starting }: Opened) {
    this.#cluster = cluster;
    this.#logger = logger;
    this.#stored = stored;
    this.#copy = copy;
    this.#seal = seal;
    this.#starting = starting;
    this.begun = { parsed: starting.parsed, source: starting.source };
    this.#current = () => starting.parsed;
  }

  /**
   * Finds out what the member begins with: see {@link startingConfig}. `own` is what its own file says, and `inherited` are the sockets that
   * the process was started with.
   */
  static async open(cluster: Fellowship, store: Store, own: Loaded & Started, logger: Logger): Promise<PushSide> {
    const stored = new StoredConfig(store);
    const state = own.parsed.config.cluster?.state;
    const copy = state === undefined ? undefined : new CopyOnDisk(resolve(own.source.baseDirectory, state));
    const seal = await sealOf(cluster.name, own.parsed);
    const starting = await startingConfig(own, {
      stored,
      member: cluster.member,
      copy,
      seal,
      refuseUnusable: (parsed, source) => {
        const { transport } = transportFor(parsed, source);
        return refuseTakenAddress(parsed, source, { transport, inherited: own.inherited });
      },
    });
    for (const { level, fields, message } of starting.notes) logger[level](fields, message);
    return new PushSide(cluster, logger, { stored, copy, seal, starting });
  }

  /** The member serves clients: it follows what is pushed from now on. */
  begin(changes: ConfigChanges, current: () => ParsedConfig): void {
    this.#changes = changes;
    this.#current = current;
    const follower: Follower = new Follower(
      {
        stored: this.#stored,
        member: this.#cluster.member,
        seal: this.#seal,
        copy: this.#copy,
        logger: this.#logger,
        check: (pushed) => this.#check(pushed),
        apply: (pushed) => changes.push(pushed),
        changed: () => this.#tell(follower),
      },
      this.#starting.started,
    );
    this.#follower = follower;
    this.#tell(follower);
    this.#cluster.showConfig(() => {
      const { running, error } = follower.info;
      return { version: running ?? 0, isFailed: error !== undefined, stale: follower.stale };
    });
    follower.start();
  }

  /** What a push is made with; undefined while the member starts. */
  get pushing(): PusherDeps | undefined {
    const follower = this.#follower;
    return (
      follower && {
        stored: this.#stored,
        member: this.#cluster.member,
        seal: this.#seal,
        follower,
        members: () => this.#members(),
        check: (pushed) => this.#check(pushed),
        logger: this.#logger,
      }
    );
  }

  /** By the clock of the store, because that of a member may be wrong or may have been set. Rejects with a `StoreError`. */
  async #members(): Promise<readonly FollowingMember[]> {
    const members = await this.#cluster.members();
    const now = await this.#cluster.store?.time();
    return members.map(({ at, clock, ...member }) => {
      const isKnown = now !== undefined && at !== undefined && clock !== undefined;
      return isKnown ? { ...member, lag: now - (at - clock) } : member;
    });
  }

  #tell(follower: Follower): void {
    const why = 'the store has lost what was pushed, and it could not be put back yet';
    this.#cluster.stale.set('configuration', follower.isStoreBehind ? why : undefined);
    this.#cluster.tell({ config: follower.info });
  }

  /** Nothing is followed any more. */
  async close(): Promise<void> {
    await this.#follower?.close();
  }

  /** Rejects with a `ProxyError` if this member could not run it. */
  async #check(pushed: PushedFiles): Promise<void> {
    if (this.#changes === undefined) return;
    const { parsed, source } = await this.#changes.overlays.underPushed(pushed);
    const { buildOnce } = await import('../../trial/build-once.ts');
    const { plan } = buildOnce(parsed, source);
    const problems = unchangeableIn(planOf(this.#current()), plan);
    if (problems.length > 0) throw errorsOf(source, problems);
  }
}

interface Opened {
  readonly stored: StoredConfig;
  readonly copy: CopyOnDisk | undefined;
  readonly seal: Seal | undefined;
  readonly starting: StartingConfig;
}

/** How contents are sealed; undefined where this member has no `cluster.secret`. */
async function sealOf(cluster: string, { clusterFiles }: ParsedConfig): Promise<Seal | undefined> {
  const [first, ...others] = clusterFiles.secrets ?? [];
  if (first === undefined) return undefined;
  const { Sealer } = await import('../../sealed/sealer.ts');
  return new Sealer(cluster, [first, ...others]);
}
