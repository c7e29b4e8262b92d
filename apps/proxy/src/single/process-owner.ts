import type { Draining, Health } from '@inband/admin';
import { formatSockAddr } from '@inband/core';
import { type AdminOwner, type Configured, type OwnerDeps, OwnerParts } from '../admin/owner.ts';
import { LazyAnswers } from '../admin/lazy-answers.ts';
import type { Answers, Outcome } from '../admin/questions/process-question.ts';
import { poolReasons } from '../run/observed/pool-reasons.ts';
import type { Running } from '../run/running.ts';

/** What the admin side of one process needs of it. */
export interface ProcessOwnerDeps extends OwnerDeps {
  /** Undefined while it starts. */
  readonly running: () => Running | undefined;
  /** Begins to end the process. Returns the milliseconds for what is running. */
  readonly drain: (by: string) => number;
}

/** The process that serves clients itself. */
export class ProcessOwner extends OwnerParts implements AdminOwner {
  readonly #deps: ProcessOwnerDeps;
  readonly #answers = new LazyAnswers();
  #isDraining = false;

  constructor(deps: ProcessOwnerDeps) {
    super(deps);
    this.#deps = deps;
  }

  health(): Health {
    const running = this.#deps.running();
    if (running === undefined) return { status: 'not-ready', reasons: ['it is starting'], listeners: [] };
    const states = running.listenerStates;
    const listeners = running.listeners.map(({ address, service }, index) => {
      return { name: service, bind: formatSockAddr(address), state: states[index] ?? 'closed' };
    });
    if (this.#isDraining || running.isEnding) return { status: 'draining', reasons: ['it is stopping'], listeners };
    const closed = listeners
      .filter(({ state }) => state !== 'listening')
      .map(({ bind, state }) => `${bind} is ${state}`);
    const reasons = [...closed, ...poolReasons(running.observed?.pools.unready() ?? [])];
    return { status: reasons.length === 0 ? 'ready' : 'not-ready', reasons, listeners };
  }

  configured(): Configured | undefined {
    return this.#deps.running()?.configured;
  }

  drain(by: string): Draining {
    this.#isDraining = true;
    return { status: 'draining', grace: this.#deps.drain(by) };
  }

  async askOne(question: string, argument: unknown): Promise<Outcome | undefined> {
    const running = this.#deps.running();
    if (running === undefined) return undefined;
    return this.#answers.answer({ running }, question, argument);
  }

  async askAll(question: string, argument: unknown): Promise<Answers> {
    const running = this.#deps.running();
    if (running === undefined) return { answers: [], missing: [0] };
    const outcome = await this.#answers.answer({ running }, question, argument);
    const { answersOf } = await import('../admin/questions/answers-of.ts');
    return answersOf([{ worker: 0, outcome }]);
  }
}
