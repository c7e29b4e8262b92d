import type { Cluster, SessionQuery, Sessions } from '@inband/admin';
import type { Logger } from '@inband/core';
import type { Store } from '@inband/store';
import type { Plan } from '../../run/plan/planned.ts';
import type { SegmentSource } from '../../shared-memory/memory.ts';
import type { SeenStore } from './cluster-status.ts';
import type { ReadMember } from './seen-members.ts';
import type { MemberInfo } from '../member-info.ts';
import type { Sealing } from './published-sessions.ts';
import type { AppliedOrder } from './shared-orders.ts';

/** A cluster, as what shows it needs it. */
export interface ViewedCluster {
  readonly name: string;
  /** The name of this member. */
  readonly member: string;
  /** Undefined where this process shares with nobody. */
  readonly store: Store | undefined;
  /** Whether other machines have the same store. */
  readonly isShared: boolean;
  /** How many members lived at the last beat. */
  readonly memberCount: number;
  /** The members that live. Rejects where the store cannot be asked. */
  members(): Promise<readonly ReadMember[]>;
  /** How the store is. */
  seen(): SeenStore;
  /** What this member would say of itself now. */
  info(): MemberInfo;
  /** Has these fields said with each beat, beside those of others. */
  describeBy(describe: () => MemberInfo): void;
  /** A version that a part of the members tries. */
  canary(): Cluster['canary'];
  /** How many tokens are revoked, as this member knows it. */
  revoked(): number;
  /** How what is told to others is kept from whoever reads the store; undefined without a secret. */
  sealing(): Promise<Sealing | undefined>;
}

/** The processes of this member that serve clients, as others ask them over the store. */
export interface AskedProcesses {
  /** The sessions that match. */
  sessions(query: SessionQuery): Promise<Sessions>;
  /** Has them take a server out, or back in. Rejects where there is no such server. */
  order(order: AppliedOrder): Promise<void>;
}

/** What a view of a cluster needs of its program. */
export interface ClusterViewDeps {
  readonly cluster: ViewedCluster;
  readonly logger: Logger;
  readonly processes: AskedProcesses;
  /** Of the configuration that is current; undefined while it starts. */
  readonly plan: () => Plan | undefined;
  /** Where it is read what the processes count; undefined where nothing is counted. */
  readonly counted: SegmentSource | undefined;
}
