import { type Duty, toProxyError } from '@inband/core';
import type { Ask, Connect, Finding, Probe } from './probes/probe.ts';
import { type CheckTimes, ServerCheck } from './server-check.ts';

export interface ActiveChecksDeps<Server> {
  readonly times: CheckTimes;
  /** How the server is connected to. */
  readonly connectTo: (server: Server) => Connect;
  /** What it is asked; undefined where it is enough that it can be connected to. */
  readonly askOf: (server: Server) => Promise<Ask | undefined>;
  /** Told of every finding. Returns whether another look should follow soon. */
  readonly found: (server: Server, finding: Finding) => boolean;
  /** Which worker looks. Undefined where there is only one. */
  readonly duty?: Duty | undefined;
  /** From 0 to less than 1. */
  readonly random?: (() => number) | undefined;
}

/** Looks that are taken at one time. Others wait for their turn, so that a large pool that does not answer needs few descriptors. */
const MOST_AT_ONCE = 64;

/** Looks at the servers of a pool again and again. What follows from a finding is decided by whoever is told. */
export class ActiveChecks<Server> {
  readonly #deps: ActiveChecksDeps<Server>;
  readonly #checks = new Map<Server, ServerCheck>();
  readonly #waiting: (() => void)[] = [];
  readonly #endDuty: (() => void) | undefined;
  #running = 0;

  constructor(deps: ActiveChecksDeps<Server>) {
    this.#deps = deps;
    this.#endDuty = deps.duty?.follow(() => {
      for (const check of this.#checks.values()) check.dutyChanged();
    });
  }

  /** These are the servers from now on. */
  replace(servers: readonly Server[]): void {
    const current = new Set(servers);
    for (const [server, check] of this.#checks) {
      if (current.has(server)) continue;
      check.stop();
      this.#checks.delete(server);
    }
    for (const server of current) if (!this.#checks.has(server)) this.#checks.set(server, this.#begin(server));
  }

  /** Another worker has looked at the server. */
  lookedElsewhere(server: Server, isDoubted: boolean): void {
    this.#checks.get(server)?.lookedElsewhere(isDoubted);
  }

  /** Something speaks against what is known of the server. */
  lookSoon(server: Server): void {
    this.#checks.get(server)?.lookSoon();
  }

  /** Milliseconds until the next look at the server; undefined if it is not looked at. */
  waitFor(server: Server): number | undefined {
    return this.#checks.get(server)?.wait;
  }

  close(): void {
    this.#endDuty?.();
    this.replace([]);
  }

  #begin(server: Server): ServerCheck {
    const { times, random, duty } = this.#deps;
    return new ServerCheck(times, (probe) => this.#look(server, probe), random, duty && (() => duty.isOurs));
  }

  async #look(server: Server, probe: Probe): Promise<boolean> {
    await this.#turn();
    try {
      const finding = await this.#find(server, probe);
      return this.#checks.has(server) && this.#deps.found(server, finding);
    } finally {
      this.#leave();
    }
  }

  async #find(server: Server, probe: Probe): Promise<Finding> {
    const { connectTo, askOf } = this.#deps;
    let ask: Ask | undefined;
    try {
      ask = await askOf(server);
    } catch (error) {
      // A file of the program could not be read: there are no descriptors left, or it is gone.
      return { is: 'unknown', why: toProxyError(error).message };
    }
    return probe.run(connectTo(server), ask);
  }

  async #turn(): Promise<void> {
    if (this.#running < MOST_AT_ONCE) this.#running += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** The next one gets the place, if one waits. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running -= 1;
    else next();
  }
}
