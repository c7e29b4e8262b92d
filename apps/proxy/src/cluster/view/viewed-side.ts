import type { Cluster } from '@inband/admin';
import type { ClusterFiles } from '../../config/check/cluster/cluster-files.ts';
import type { ParsedConfig } from '../../config/parse-config.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { ClusterSide } from '../cluster-side.ts';
import type { MemberInfo } from '../member-info.ts';
import type { ConfigRecord } from '../pushes/stored/records.ts';
import { versionIn } from '../pushes/stored/versions.ts';
import { storeAddress } from '../store-address.ts';
import type { StaleNow } from '../staleness.ts';
import type { SeenStore } from './cluster-status.ts';
import type { Sealing } from './published-sessions.ts';
import type { ViewedCluster } from './viewed-cluster.ts';

type StoreConfig = Config['store'];

/** What is pushed to all members, as this one knows it. */
interface PushedConfig {
  readonly record: ConfigRecord | undefined;
  /** Seconds since it was last known that the store has nothing newer. */
  readonly stale: number;
}

/** The cluster of a process, for its view. */
export function viewedSide(
  side: ClusterSide,
  { config: { store: written }, clusterFiles }: Pick<ParsedConfig, 'config' | 'clusterFiles'>,
  pushed: () => PushedConfig | undefined,
  revoked: () => number,
): ViewedCluster {
  return {
    name: side.name,
    member: side.member,
    isShared: side.hasOthers,
    get store() {
      return side.store;
    },
    get memberCount() {
      return side.memberCount;
    },
    members: async () => (await side.members()).map(({ name, ...info }) => ({ name, info })),
    seen: () => seenStore(side, written),
    info: () => withConfig(side.info, staleConfig(side, pushed())),
    describeBy: (describe) => side.describeBy(describe),
    canary: () => canaryIn(pushed()?.record),
    revoked,
    sealing: async () => sealerOf(side.name, clusterFiles),
  };
}

function withConfig(info: MemberInfo, config: readonly StaleNow[]): MemberInfo {
  const stale = info.stale ?? [];
  return stale.some(({ what }) => what === 'configuration') ? info : { ...info, stale: [...stale, ...config] };
}

/** A configuration may have been pushed that this member does not know. */
function staleConfig({ store }: ClusterSide, pushed: PushedConfig | undefined): StaleNow[] {
  if (store === undefined || pushed === undefined || store.status === 'here') return [];
  const { lastFailure = 'The store is away.' } = store.calls;
  return [{ what: 'configuration', since: Date.now() - pushed.stale * 1_000, why: lastFailure }];
}

function canaryIn(record: ConfigRecord | undefined): Cluster['canary'] {
  const version = record?.canary && versionIn(record, record.canary.number);
  if (!version || !record?.canary) return null;
  return { version: String(version.number), members: record.canary.members, since: version.at, by: version.by };
}

/** By the same secrets as everything else that members share. What seals is loaded where there are any. */
async function sealerOf(name: string, { secrets = [] }: ClusterFiles): Promise<Sealing | undefined> {
  const [first, ...others] = secrets;
  if (first === undefined) return undefined;
  const { Sealer } = await import('../../sealed/sealer.ts');
  return new Sealer(name, [first, ...others]);
}

function seenStore({ store, hasOthers }: ClusterSide, written: StoreConfig): SeenStore {
  if (store === undefined || !hasOthers) return MEMORY;
  const { calls, failures, latency, since, lastFailure } = store.calls;
  return {
    type: written?.type ?? 'memory',
    address: storeAddress(written),
    status: store.status,
    since,
    why: lastFailure,
    calls,
    failures,
    latency,
  };
}

/** Nothing is shared with another machine. */
const MEMORY: SeenStore = {
  type: 'memory',
  address: 'the memory of this program',
  status: 'here',
  since: undefined,
  why: undefined,
  calls: 0,
  failures: 0,
  latency: undefined,
};
