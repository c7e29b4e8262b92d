import { AcmeError, type AcmeLog, type Board, type ChallengeTask, type ChallengeType, type Solver } from '@inband/acme';
import type { Revision, Store, Watch } from '@inband/store';
import { z } from 'zod';
import type { SealedValues } from '../../sealed/sealed-values.ts';
import type { AcmeNames } from './acme-names.ts';
import { orAway } from './as-acme-error.ts';

/** Milliseconds. */
const PATIENCE = 5_000;
/** Milliseconds after which a member says again what it knows, if it could not be written. */
const SAY_AGAIN = 1_000;
/** Milliseconds for which it is known that a member answers challenges, and between two times that it says so. */
const SAID_TTL = 2 * 86_400_000;
const SAY_EVERY = 12 * 3_600_000;
/** Milliseconds after which challenges of members that have ended are gone. */
const CHALLENGES_TTL = 3_600_000;
/** Challenges at the same time. The oldest one is given up. */
const MOST = 512;

const tasksSchema = z.array(
  z.object({ type: z.string(), host: z.string(), token: z.string(), keyAuthorization: z.string() }),
);
type Shared = z.infer<typeof tasksSchema>[number];
const knownSchema = z.array(z.string());

export interface SharedBoardDeps {
  readonly store: Store;
  readonly values: SealedValues;
  readonly names: AcmeNames;
  /** The name of this member. */
  readonly member: string;
  /** What the listeners of this member answer. */
  readonly board: Board;
  readonly log: AcmeLog;
  /** Milliseconds for all members to say that they know a challenge. After that the CA is told all the same. 5,000 by default. */
  readonly patience?: number;
}

/**
 * Challenges that every member answers, because nobody knows which one the CA reaches. Each member shows what the store has, and says there what
 * it shows. The CA is told when all members that live have said so of the challenge, or after five seconds.
 */
export class SharedBoard implements Solver {
  readonly type: ChallengeType;
  readonly #deps: SharedBoardDeps;
  readonly #watch: Watch;
  readonly #refresh: NodeJS.Timeout;
  #again: NodeJS.Timeout | undefined = undefined;
  #latest: readonly Shared[] = [];
  #shown: Promise<void> = Promise.resolve();
  /** The revision of what was said last. */
  #said: Revision | undefined = undefined;
  #isClosed = false;

  constructor(deps: SharedBoardDeps) {
    const { board, values, names, log } = deps;
    this.type = board.type;
    this.#deps = deps;
    const unreadable = ({ message: reason }: Error): void =>
      log.error({ reason }, 'acme: challenges of the cluster cannot be read');
    this.#watch = values.watch(names.challenges, tasksSchema, (tasks = []) => void this.#show(tasks), unreadable);
    this.#refresh = setInterval(() => void this.#say(), SAY_EVERY).unref();
  }

  async present({ host, token, keyAuthorization }: ChallengeTask, signal: AbortSignal): Promise<void> {
    const { values, names, patience = PATIENCE } = this.#deps;
    const task = { type: this.type, host, token, keyAuthorization };
    const add = (tasks: Shared[] = []): Shared[] =>
      [...tasks.filter((other) => other.token !== token), task].slice(-MOST);
    const adding = () => values.change(names.challenges, tasksSchema, add, CHALLENGES_TTL);
    const tasks = await orAway(adding, patience, signal);
    await this.#show(tasks ?? [task]);
    const silent = await this.#untilKnown(token, signal);
    if (silent.length > 0)
      this.#deps.log.warn({ host, members: silent }, 'acme: members did not say that they answer a challenge');
  }

  async remove({ token }: ChallengeTask): Promise<void> {
    const { values, names } = this.#deps;
    const drop = (tasks: Shared[] = []): Shared[] | undefined =>
      tasks.some((task) => task.token === token) ? tasks.filter((task) => task.token !== token) : undefined;
    // Otherwise it is answered for an hour more, and nobody asks for it.
    await values.change(names.challenges, tasksSchema, drop, CHALLENGES_TTL).catch(() => undefined);
  }

  async close(): Promise<void> {
    const { store, names, member } = this.#deps;
    this.#isClosed = true;
    clearInterval(this.#refresh);
    clearTimeout(this.#again);
    this.#watch.stop();
    // Not what a successor of the same name has said meanwhile.
    if (this.#said !== undefined) await store.remove(names.known(member), this.#said).catch(() => undefined);
  }

  /** In the order in which they come, and each of them when whoever serves clients here knows. */
  async #show(tasks: readonly Shared[]): Promise<void> {
    this.#latest = tasks;
    this.#shown = this.#shown.then(async () => {
      const own = this.#latest.filter(({ type }) => type === this.type);
      await this.#deps.board.show(own).catch((error: unknown) => {
        this.#deps.log.warn({ reason: String(error) }, 'acme: not every worker answers a challenge');
      });
    });
    this.#shown = this.#shown.then(() => this.#say());
    await this.#shown;
  }

  async #say(): Promise<void> {
    const { values, names, member } = this.#deps;
    if (this.#isClosed) return;
    clearTimeout(this.#again);
    const tokens = this.#latest.map(({ token }) => token);
    try {
      const written = await values.put(names.known(member), tokens, { ttl: SAID_TTL });
      if (written.written) this.#said = written.revision;
    } catch {
      if (!this.#isClosed) this.#again = setTimeout(() => void this.#say(), SAY_AGAIN).unref();
    }
  }

  /** Resolves when all others that live know it, or with those that do not after a while. */
  async #untilKnown(token: string, signal: AbortSignal): Promise<string[]> {
    const { store, member, patience = PATIENCE } = this.#deps;
    const members = await orAway(() => store.members(), patience, signal);
    const others = members.map(({ name }) => name).filter((name) => name !== member);
    const silent = new Set(others);
    const enough = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
    await Promise.all(
      others.map(async (other) => {
        if (await this.#isKnown(other, token, enough)) silent.delete(other);
      }),
    );
    if (signal.aborted) throw new AcmeError('closed', 'The order has ended.');
    return [...silent];
  }

  /** True as well for a member that answers no challenges of this CA. */
  async #isKnown(other: string, token: string, enough: AbortSignal): Promise<boolean> {
    const { values, names } = this.#deps;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const stop = (): void => resolve(false);
    enough.addEventListener('abort', stop, { once: true });
    if (enough.aborted) stop();
    const listener = (tokens: string[] | undefined): void => {
      if (tokens === undefined || tokens.includes(token)) resolve(true);
    };
    const watch = values.watch(names.known(other), knownSchema, listener, stop);
    try {
      return await promise;
    } finally {
      enough.removeEventListener('abort', stop);
      watch.stop();
    }
  }
}
