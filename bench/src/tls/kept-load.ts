import { setTimeout as sleep } from 'node:timers/promises';
import { requestText } from '../load/request.ts';
import { faultsOf, parseWrk, wrkScript } from '../load/wrk.ts';
import { readThreadTime } from '../processes/thread-time.ts';
import { LOAD_CORE, type OwnedProcess, type Processes } from '../processes/processes.ts';
import type { Site } from '../site.ts';
import type { TlsLoad } from './loads.ts';

/** Longer than any run, in seconds. */
const LONGEST_RUN = 36_000;
/** Longer than a load is ever stopped, in seconds: to wrk an answer is late then. It reserves 8 MB of addresses for each second. */
const LONGEST_STOP = 300;
/** Milliseconds until the requests that were under way when wrk was stopped are answered. */
const SETTLE = 20;

/** What a turn has cost, in microseconds of processor time for each request. */
export interface Turn {
  readonly all: number;
  /** Without V8's threads, which compile and collect garbage. */
  readonly main: number;
}

/** What a load needs of the program that it is put on. */
export interface KeptTarget {
  readonly pid: number;
  readonly port: number;
  readonly url: string;
}

/**
 * A load over connections that stay open: wrk is stopped and continued (SIGSTOP, SIGCONT), so that programs can take turns without a
 * handshake or a request that is compiled anew. Requests are counted by the origin, which serves one program at a time.
 */
export class KeptLoad {
  readonly #target: KeptTarget;
  readonly #load: TlsLoad;
  readonly #served: () => Promise<number>;
  readonly #wrk: OwnedProcess;

  /** Begins to load, and is to be stopped by the first `turn`. */
  constructor(
    processes: Processes,
    wrk: string,
    site: Site,
    load: TlsLoad,
    target: KeptTarget,
    served: () => Promise<number>,
  ) {
    this.#target = target;
    this.#load = load;
    this.#served = served;
    const text = requestText(load.request, 'origin', target.port);
    const script = site.write(
      'wrk.lua',
      wrkScript({ text, answer: load.request.answer, connections: load.connections }),
    );
    const limits = [`-d${LONGEST_RUN}s`, '--timeout', `${LONGEST_STOP}s`];
    const args = ['-t1', `-c${load.connections}`, ...limits, '-s', script, target.url];
    this.#wrk = processes.start({ core: LOAD_CORE, command: wrk, args });
  }

  /** Loads for so many seconds. */
  async turn(seconds: number): Promise<Turn> {
    const served = await this.#served();
    const before = readThreadTime(this.#target.pid);
    this.#wrk.child.kill('SIGCONT');
    await Promise.race([sleep(seconds * 1000), this.#wrk.ended]);
    this.#wrk.child.kill('SIGSTOP');
    await sleep(SETTLE);
    const after = readThreadTime(this.#target.pid);
    // The question itself is one of them.
    const requests = (await this.#served()) - served - 1;
    if (!this.#wrk.running || requests < 1) {
      throw new Error(`${requests} requests in ${seconds} s: ${this.#wrk.output}`);
    }
    return { all: (after.all - before.all) / requests, main: (after.main - before.main) / requests };
  }

  /** Ends the load. Rejects if anything but good answers came. */
  async end(): Promise<void> {
    this.#wrk.child.kill('SIGCONT');
    // Only the first thread ends its wait at a signal, and one of a stopped process may be given to the other.
    await sleep(SETTLE);
    this.#wrk.child.kill('SIGINT');
    const killer = setTimeout(() => this.#wrk.killNow(), 10_000);
    await this.#wrk.ended;
    clearTimeout(killer);
    const summary = parseWrk(this.#wrk.output);
    if (summary === undefined) throw new Error(`wrk failed: ${this.#wrk.output}`);
    const faults = faultsOf(summary, { answer: this.#load.request.answer, connections: this.#load.connections });
    if (faults.length > 0) throw new Error(`${this.#target.url}: ${faults.join(', ')}`);
  }
}

/** Has loads take turns and be ended. `told` hears of each turn. */
export async function takeTurns(
  loads: ReadonlyMap<string, KeptLoad>,
  turns: number,
  seconds: number,
  told: (name: string, turn: number, cost: Turn) => void,
): Promise<Map<string, Turn[]>> {
  const figures = new Map([...loads.keys()].map((name) => [name, [] as Turn[]]));
  const order = [...loads];
  for (let index = 0; index < turns; index += 1) {
    for (const [name, load] of order) {
      const cost = await load.turn(seconds);
      figures.get(name)?.push(cost);
      told(name, index, cost);
    }
    // The other way round each time, so that nobody always comes after the same one.
    order.reverse();
  }
  for (const load of loads.values()) await load.end();
  return figures;
}

/** Requests that the origin has had, this one included. */
export async function servedBy(port: number): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}/served`);
  const text = await answer.text();
  // The line behind "server accepts handled requests".
  const requests = /^ \d+ \d+ (\d+) $/m.exec(text)?.[1];
  if (requests === undefined) throw new Error(`the origin does not say how much it has served: ${text}`);
  return Number(requests);
}
