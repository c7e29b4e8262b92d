import type { Backend, BackendEvents } from '../src/base/backend.ts';
import { GuardedStore } from '../src/guard/guarded-store.ts';
import { MemoryBackend } from '../src/memory/memory-backend.ts';
import { keepingLogger } from './keeping-logger.ts';
import type { World } from './processes.ts';

/** Microseconds that the server has to work for a call, by name. */
export type Work = Readonly<Record<string, number>>;

/** Redis on a core of its own, as `pnpm bench:store` measures it. */
export const REDIS_WORK: Work = { lease: 14, beat: 14, members: 800, get: 18, put: 30, message: 2 };
/** Of a call that is not in the table. */
const USUAL_WORK = 15;

/** `setTimeout` takes no more. The calls of a simulation have no deadline. */
const NEVER = 2 ** 31 - 1;

/** A server on a simulated clock that does one call after the other, each in the time that it takes. What it stores is in memory. */
export class SimulatedServer {
  calls = 0;
  /** Milliseconds for which it worked. */
  busy = 0;
  readonly #world: World;
  readonly #work: Work;
  readonly #delay: () => number;
  readonly #backend: MemoryBackend;
  readonly #followers = new Map<string, Set<BackendEvents>>();
  /** When it has done what it was asked so far. */
  #freeAt = 0;

  /** `delay`: milliseconds of a message on its way, there or back. */
  constructor(world: World, { work, delay }: { readonly work: Work; readonly delay: () => number }) {
    this.#world = world;
    this.#work = work;
    this.#delay = delay;
    const changed = (key: string): void => this.#tellFollowers(key);
    const clock = (): number => 1_700_000_000_000 + world.now;
    this.#backend = new MemoryBackend({ connected: () => {}, changed }, { clock, memberTtl: 30_000 });
  }

  /** A member's connection. */
  backend(events: BackendEvents): Backend {
    const call = async <T>(name: string, what: () => Promise<T>): Promise<T> => this.#call(name, what);
    const server = this.#backend;
    return {
      get: async (...a) => call('get', async () => server.get(...a)),
      put: async (...a) => call('put', async () => server.put(...a)),
      remove: async (...a) => call('remove', async () => server.remove(...a)),
      take: async (...a) => call('take', async () => server.take(...a)),
      lease: async (...a) => call('lease', async () => server.lease(...a)),
      hold: async (...a) => call('hold', async () => server.hold(...a)),
      count: async (...a) => call('count', async () => server.count(...a)),
      acquire: async (...a) => call('acquire', async () => server.acquire(...a)),
      renew: async (...a) => call('renew', async () => server.renew(...a)),
      release: async (...a) => call('release', async () => server.release(...a)),
      beat: async (...a) => call('beat', async () => server.beat(...a)),
      leave: async (...a) => call('leave', async () => server.leave(...a)),
      members: async () => call('members', async () => server.members()),
      time: async () => call('time', async () => server.time()),
      follow: (key) => this.#followersOf(key).add(events),
      unfollow: (key) => this.#followersOf(key).delete(events),
      reconnect: () => {},
      close: async () => {},
    };
  }

  /** The store of a member, whose calls have no deadline. */
  store(): GuardedStore {
    const { logger } = keepingLogger();
    return new GuardedStore({ logger, deadline: NEVER, reread: NEVER }, (events) => this.backend(events));
  }

  #followersOf(key: string): Set<BackendEvents> {
    let followers = this.#followers.get(key);
    if (followers === undefined) this.#followers.set(key, (followers = new Set()));
    return followers;
  }

  #tellFollowers(key: string): void {
    for (const events of this.#followersOf(key)) {
      this.#world.at(this.#workUntil('message') + this.#delay(), () => events.changed(key));
    }
  }

  async #call<T>(name: string, what: () => Promise<T>): Promise<T> {
    this.calls += 1;
    await this.#until(this.#world.now + this.#delay());
    await this.#until(this.#workUntil(name));
    const answer = await what();
    await this.#until(this.#world.now + this.#delay());
    return answer;
  }

  /** When a call that is there now is done. */
  #workUntil(name: string): number {
    const work = (this.#work[name] ?? USUAL_WORK) / 1_000;
    this.busy += work;
    this.#freeAt = Math.max(this.#freeAt, this.#world.now) + work;
    return this.#freeAt;
  }

  async #until(at: number): Promise<void> {
    return new Promise((resolve) => this.#world.at(at, resolve));
  }
}
