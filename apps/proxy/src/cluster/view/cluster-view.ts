import type { Cluster, ClusterSessions, SessionQuery } from '@inband/admin';
import type { Following } from './following.ts';
import type { AskedOrder, Told } from './shared-orders.ts';
import type { ClusterViewDeps } from './viewed-cluster.ts';

/**
 * What a member shows of its cluster, and what it does because somebody looks or has ordered something elsewhere. Where nothing is shared with
 * another machine it follows nothing, and what answers is loaded with the first question.
 */
export class ClusterView {
  readonly #deps: ClusterViewDeps;
  #following: Promise<Following> | undefined = undefined;
  #isClosed = false;

  constructor(deps: ClusterViewDeps) {
    this.#deps = deps;
  }

  /** Clients are served: from now on orders of all members are followed, and sessions are told to whoever looks. */
  async begin(): Promise<void> {
    if (this.#deps.cluster.isShared) (await this.#load()).begin();
  }

  /** Members, and what is stale. Never rejects because of the store. */
  async status(): Promise<Cluster> {
    return (await this.#load()).status();
  }

  /** The sessions of all members. Never rejects because of the store. */
  async sessions(query: SessionQuery): Promise<ClusterSessions> {
    return (await this.#load()).sessions(query);
  }

  /** Gives an order to all members. */
  async order(asked: AskedOrder): Promise<Told> {
    return (await this.#load()).order(asked);
  }

  /** There is another configuration, with other pools perhaps. */
  async replaced(): Promise<void> {
    await (await this.#following)?.replaced();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    (await this.#following)?.close();
  }

  async #load(): Promise<Following> {
    this.#following ??= this.#make();
    const following = await this.#following;
    if (this.#isClosed) following.close();
    return following;
  }

  async #make(): Promise<Following> {
    const [{ Following: Loaded }, sealing] = await Promise.all([
      import('./following.ts'),
      this.#deps.cluster.sealing(),
    ]);
    return new Loaded(this.#deps, sealing);
  }
}
