import type { Logger, MadeNotices, Notices } from '@inband/core';
import type { ClusterSide } from '../cluster-side.ts';
import type { PoolHints } from './pool-hints.ts';

/** What the pools of this machine tell those of other members, and hear of them, where there is a store. */
export class HintsSide {
  readonly #own: MadeNotices;
  readonly #hints: PoolHints;

  constructor(own: MadeNotices, hints: PoolHints) {
    this.#own = own;
    this.#hints = hints;
  }

  /** Whether this machine has checks that hints could hasten. */
  listen(hasChecks: boolean): void {
    this.#hints.listen(hasChecks);
  }

  close(): void {
    this.#hints.close();
    this.#own.close();
  }
}

/** To be called when the cluster is open. Undefined where there are no other members. `notices`: those of this process. */
export async function openHints(
  cluster: Pick<ClusterSide, 'store' | 'hasOthers' | 'member'>,
  notices: () => Notices | undefined,
  logger: Logger,
): Promise<HintsSide | undefined> {
  const { store, hasOthers, member } = cluster;
  if (store === undefined || !hasOthers) return undefined;
  const { PoolHints: Opened } = await import('./pool-hints.ts');
  const own = notices()?.of('cluster');
  if (own === undefined) return undefined;
  const topics = { suspects: own.common('suspects'), hints: own.common('hints') };
  return new HintsSide(own, new Opened({ store, member, logger, ...topics }));
}
