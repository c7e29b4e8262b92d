import { type Logger, type Notices, SoleNotices } from '@inband/core';
import { AcmeSide } from '../acme/acme-side.ts';
import { AcmeView } from '../acme/acme-view.ts';
import { askedByCluster } from '../admin/of-cluster.ts';
import type { Answers } from '../admin/questions/process-question.ts';
import { ClusterSide } from '../cluster/cluster-side.ts';
import { type HintsSide, openHints } from '../cluster/hints/open-hints.ts';
import { SecretsSide } from '../cluster/secrets-side.ts';
import { ClusterView } from '../cluster/view/cluster-view.ts';
import { viewedSide } from '../cluster/view/viewed-side.ts';
import type { ParsedConfig } from '../config/parse-config.ts';
import type { OwnMetrics } from '../metrics/count/if-configured.ts';
import { RevokedSet } from '../revoked/revoked-set.ts';
import { hasChecks } from '../run/observed/planned-pools.ts';
import type { Running } from '../run/running.ts';
import type { StartDeps } from '../run/start.ts';
import { TicketKeyRing } from '../session-tickets/ticket-keys.ts';
import { runningInfo } from './running-info.ts';

export interface ProcessSidesDeps {
  readonly logger: Logger;
  /** The configuration with which the process was started. */
  readonly parsed: ParsedConfig;
  readonly counting: OwnMetrics | undefined;
  /** Undefined while it starts. */
  readonly running: () => Running | undefined;
  /** What is pushed to this member, where anything may be. */
  readonly pushed: Parameters<typeof viewedSide>[2];
  /** Asks this process what the admin API asks. */
  readonly askAll: (question: string, argument: unknown) => Promise<Answers>;
}

/** What stands beside the proxy of a process that serves clients itself: certificates by ACME, the cluster, and the secrets of its members. */
export class ProcessSides {
  readonly acme: AcmeSide;
  readonly cluster: ClusterSide;
  readonly clusterView: ClusterView;
  readonly secrets: SecretsSide;
  readonly ticketKeys = new TicketKeyRing();
  readonly #acmeView: AcmeView;
  readonly #revoked = new RevokedSet();
  readonly #deps: ProcessSidesDeps;
  /** Where there are other members. */
  #notices: (Notices & SoleNotices) | undefined = undefined;
  #hints: HintsSide | undefined = undefined;

  constructor(deps: ProcessSidesDeps) {
    const { logger, parsed, counting, running, pushed, askAll } = deps;
    const { ticketKeys } = this;
    this.#deps = deps;
    this.secrets = new SecretsSide({ logger, ring: ticketKeys, secrets: parsed.clusterFiles.secrets ?? [] });
    this.secrets.followRevoked((all) => this.#revoked.take(all));
    this.acme = new AcmeSide(
      logger,
      async (state) => this.#acmeView.take(state),
      () => this.secrets.sharing,
    );
    this.#acmeView = new AcmeView((host) => this.acme.demand(host));
    const metrics = counting?.metrics;
    metrics?.watchAcme(() => this.acme.status);
    const describe = () => runningInfo(running());
    this.cluster = new ClusterSide({ logger, parsed, hasWorkers: false, describe, metrics });
    const revoked = (): number => this.secrets.revocations.all.length;
    this.clusterView = new ClusterView({
      cluster: viewedSide(this.cluster, parsed, pushed, revoked),
      logger,
      processes: askedByCluster(askAll),
      plan: () => running()?.configured.plan,
      counted: counting?.source,
    });
  }

  /** Joins the cluster, if it is in one. */
  async join(): Promise<void> {
    await this.cluster.open();
    await this.secrets.open(this.cluster);
    this.#notices = this.cluster.hasOthers ? new SoleNotices() : undefined;
    this.#hints = await openHints(this.cluster, () => this.#notices, this.#deps.logger);
  }

  /** What the proxy gets of them, once the cluster is joined. */
  get startDeps(): Pick<StartDeps, 'ticketKeys' | 'acme' | 'revoked' | 'guesses' | 'lender' | 'notices'> {
    return {
      ticketKeys: this.ticketKeys,
      acme: this.#acmeView,
      revoked: this.#revoked,
      guesses: this.secrets.guesses,
      lender: this.cluster.lender(),
      notices: this.#notices,
    };
  }

  /** The proxy serves clients from now on. */
  started(running: Running): void {
    this.acme.begin();
    this.#serves(running);
  }

  /** The proxy has another configuration now. */
  reloaded(running: Running): void {
    this.#serves(running);
    void this.clusterView.replaced();
  }

  #serves({ configured: { plan } }: Running): void {
    this.#hints?.listen(hasChecks(plan));
    this.cluster.tell({});
  }

  /** Leaves the cluster. The proxy is closed before, and so is what others ask of the cluster. */
  async leave(): Promise<void> {
    this.#hints?.close();
    this.secrets.close();
    await this.cluster.close();
  }
}
