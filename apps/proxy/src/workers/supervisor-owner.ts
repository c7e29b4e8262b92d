import type { Current } from './reload/current.ts';
import type { Draining, Health, LogQuery, Questions } from '@inband/admin';
import { formatSockAddr } from '@inband/core';
import { type AdminOwner, type Configured, type OwnerDeps, OwnerParts } from '../admin/owner.ts';
import type { Answers, Outcome } from '../admin/questions/process-question.ts';
import { unreadyPools } from '../admin/questions/unready-pools.ts';
import { poolReasons } from '../run/observed/pool-reasons.ts';
import { LogTap } from '../observe/log-tap.ts';
import { hasRequiredPool } from '../run/observed/planned-pools.ts';
import type { ServerOrders } from './server-orders.ts';
import type { WorkerGroup } from './worker-group.ts';

/** What the admin side of a supervisor needs of it. */
export interface SupervisorOwnerDeps extends OwnerDeps {
  readonly workers: WorkerGroup;
  readonly current: () => Current;
  /** Begins to end the process. */
  readonly drain: (by: string) => void;
}

/** Its number among those of workers. */
const SUPERVISOR = 0;

/** The supervisor of the processes that serve clients. */
export class SupervisorOwner extends OwnerParts implements AdminOwner {
  readonly #deps: SupervisorOwnerDeps;
  #isDraining = false;
  /** Of the supervisor itself: workers have their own. */
  readonly tap = new LogTap();
  readonly #orders: ServerOrders;

  constructor(deps: SupervisorOwnerDeps, orders: ServerOrders) {
    super(deps);
    this.#deps = deps;
    this.#orders = orders;
  }

  /** The process is about to end. */
  stops(): void {
    this.#isDraining = true;
  }

  async health(): Promise<Health> {
    const health = this.#ownHealth();
    if (health.status !== 'ready' || !hasRequiredPool(this.#deps.current().plan)) return health;
    const { answersOf } = await import('../admin/questions/answers-of.ts');
    const answers = answersOf(await this.#deps.workers.ready.askAll('unready-pools', undefined));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what the question answers
    const reasons = poolReasons(unreadyPools.merge(answers as Answers<readonly string[]>, undefined));
    return reasons.length === 0 ? health : { ...health, status: 'not-ready', reasons };
  }

  #ownHealth(): Health {
    const { workers, current } = this.#deps;
    // The kernel gives clients to those workers that are there.
    const isListening = workers.ready.count > 0;
    const state = isListening ? ('listening' as const) : ('closed' as const);
    const listeners = current().listeners.map(({ address, service }) => {
      return { name: service, bind: formatSockAddr(address), state };
    });
    if (this.#isDraining) return { status: 'draining', reasons: ['it is stopping'], listeners };
    if (listeners.length === 0) return { status: 'not-ready', reasons: ['it is starting'], listeners };
    return isListening
      ? { status: 'ready', reasons: [], listeners }
      : { status: 'not-ready', reasons: ['no worker accepts clients'], listeners };
  }

  configured(): Configured {
    const { parsed, source } = this.#deps.current();
    return { parsed, source };
  }

  drain(by: string): Draining {
    this.#isDraining = true;
    this.#deps.drain(by);
    return { status: 'draining', grace: this.#deps.current().parsed.config.shutdown.grace };
  }

  askOne(question: string, argument: unknown, limit: number): Promise<Outcome | undefined> {
    return this.#deps.workers.ready.askAny(question, argument, limit);
  }

  async askAll(question: string, argument: unknown): Promise<Answers> {
    const { answersOf } = await import('../admin/questions/answers-of.ts');
    const outcomes = await this.#deps.workers.ready.askAll(question, argument);
    if (question !== 'log') {
      const answers = answersOf(outcomes);
      if (question === 'order-server') this.#orders.note(argument);
      return answers;
    }
    const answer = this.tap.take(queriesOf(argument));
    return answersOf([...outcomes, { worker: SUPERVISOR, outcome: { answer } }]);
  }
}

function queriesOf(argument: unknown): readonly LogQuery[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the endpoint has checked it
  return (argument as Questions['log']['argument']).queries;
}
