import { messageOf } from './errors.ts';
import type { Instance } from './instances.ts';
import { Instances } from './instances.ts';
import { measure, type Lab, type Outcome } from './measure.ts';
import { DIRECT, formatFigure, METRICS, type Sample } from './figures/metrics.ts';
import type { Peer } from './peer.ts';
import type { Setup } from './setup.ts';
import { median } from './figures/statistics.ts';
import type { Case, Load, Workload } from './workloads.ts';

export interface RunOptions {
  readonly rounds: number;
  /** Length of one measurement, in seconds. */
  readonly seconds: number;
  /** Seconds of warm-up before the measurement. */
  readonly warmUp: number;
  /** Hears of everything that is done, a line each. */
  readonly say: (line: string) => void;
}

/** Everything that was measured. */
export interface RunResult {
  readonly samples: readonly Sample[];
  /** Requests per second of workload 10; undefined when it was not run. */
  readonly fixedRate: number | undefined;
}

/** A process that is younger is still being compiled, in milliseconds. */
const JUST_STARTED = 2_000;
/** Load until the compiler of Node has done its work, in seconds. */
const COMPILE_TIME = 1.2;

/** A case for one proxy. These are measured one after another in each round. */
interface Turn {
  readonly case: Case;
  /** Undefined: straight to the origin. */
  readonly peer: Peer | undefined;
}

/** Runs workloads one after another; within each, all proxies take turns, round after round. */
export class Run {
  readonly #lab: Lab;
  readonly #peers: readonly Peer[];
  readonly #options: RunOptions;
  readonly #instances: Instances;
  readonly #samples: Sample[] = [];
  #rate: number | undefined;

  constructor(lab: Lab, peers: readonly Peer[], options: RunOptions) {
    this.#lab = lab;
    this.#peers = peers;
    this.#options = options;
    this.#instances = new Instances(lab.processes, lab.directory, lab.origins);
  }

  async all(workloads: readonly Workload[]): Promise<RunResult> {
    for (const [index, workload] of workloads.entries()) {
      this.#options.say(`workload ${workload.number}: ${workload.title}`);
      await this.#workload(workload);
      await this.#instances.keepOnly(workloads.slice(index + 1).flatMap(setupsOf));
    }
    return { samples: this.#samples, fixedRate: this.#rate };
  }

  async #workload(workload: Workload): Promise<void> {
    if (workload.cases.some(isAtFixedRate)) this.#rate = await this.#halfOfTheSlowest(workload);
    const turns: Turn[] = [];
    for (const turn of this.#turnsOf(workload)) {
      if (await this.#warmUp(turn)) turns.push(turn);
    }
    for (let round = 1; round <= this.#options.rounds; round += 1) {
      // Another begins each round, so that none is always measured after the same other.
      const start = turns.length === 0 ? 0 : ((round - 1) * 3) % turns.length;
      for (const turn of [...turns.slice(start), ...turns.slice(0, start)]) {
        if (round === 1 || turn.case.once !== true) await this.#take(workload, turn, round);
      }
    }
  }

  #turnsOf(workload: Workload): Turn[] {
    return workload.cases.flatMap((each) => {
      const peers = this.#peers.filter((peer) => takesPart(peer, each));
      return [...(each.direct === true ? [undefined] : []), ...peers].map((peer) => ({ case: each, peer }));
    });
  }

  /** Whether the proxy can do it. What is compiled while it runs gets the time to be. */
  async #warmUp(turn: Turn): Promise<boolean> {
    const { setup, load } = turn.case;
    try {
      const instance = await this.#instanceOf(turn, setup);
      if (instance === undefined) return false;
      // Idle tunnels are measured in a fresh process.
      if (load.kind !== 'idle') {
        const pace = { seconds: warmUpTime(instance, turn, this.#options), rate: this.#rate };
        const outcome = await measure(this.#lab, instance, load, pace);
        // What fails here counts against a proxy too; what does not is not shown.
        if (outcome.faults.length > 0) this.#add(turn, 0, outcome);
      }
      return true;
    } catch (error) {
      this.#add(turn, 0, { figures: {}, faults: [messageOf(error)] });
      return false;
    }
  }

  async #take(workload: Workload, turn: Turn, round: number): Promise<void> {
    let taken: Outcome;
    try {
      taken = await this.#measure(turn);
    } catch (error) {
      taken = { figures: {}, faults: [messageOf(error)] };
    }
    this.#add(turn, round, taken);
    if (taken.faults.length > 0) return;
    const metric = taken.figures[workload.metric] === undefined ? 'p99' : workload.metric;
    const value = taken.figures[metric];
    const figure = value === undefined ? '' : `${formatFigure(metric, value)} ${METRICS[metric].unit}`;
    this.#options.say(`  ${nameOf(turn).padEnd(22)} ${turn.case.title.padEnd(21)} round ${round}  ${figure}`);
  }

  async #measure(turn: Turn): Promise<Outcome> {
    const { setup, load } = turn.case;
    const pace = { seconds: Math.max(this.#options.seconds, leastSeconds(load)), rate: this.#rate };
    if (load.kind !== 'idle' || turn.peer === undefined) {
      const instance = await this.#instanceOf(turn, setup);
      if (instance === undefined) throw new Error('it could not be started again');
      return measure(this.#lab, instance, load, pace);
    }
    const fresh = await this.#instances.start(turn.peer, setup);
    if (fresh === undefined) throw new Error('it could not be started again');
    try {
      return await measure(this.#lab, fresh, load, pace);
    } finally {
      await fresh.process?.stop();
    }
  }

  async #instanceOf({ peer }: Turn, setup: Setup): Promise<Instance | undefined> {
    if (peer !== undefined) return this.#instances.get(peer, setup);
    return {
      port: this.#lab.origins.http[0],
      form: 'origin',
      closesUnannounced: false,
      process: undefined,
      started: 0,
    };
  }

  #add(turn: Turn, round: number, { figures, faults }: Outcome): void {
    this.#samples.push({ case: turn.case.id, peer: nameOf(turn), round, figures, faults });
    if (faults.length > 0)
      this.#options.say(`  !! VOID  ${nameOf(turn)}, ${turn.case.title}, round ${round}: ${faults.join('; ')}`);
  }

  /** Half of the requests per second that the slowest of the others can do, measured here where it was not before. */
  async #halfOfTheSlowest(workload: Workload): Promise<number> {
    const each = workload.cases.find(isAtFixedRate);
    if (each?.load.kind !== 'requests') throw new Error('no case at a fixed rate');
    const capacities: number[] = [];
    for (const peer of this.#peers.filter((other) => other.family !== 'ours' && takesPart(other, each))) {
      const known = this.#samples.filter(({ case: id, peer: name }) => id === '1' && name === peer.name);
      const rates = known.flatMap(({ figures }) => figures.rate ?? []);
      if (rates.length > 0) capacities.push(median(rates));
      else capacities.push(...(await this.#capacityOf(peer, each)));
    }
    // Without peers, a rate that every proxy reaches.
    const rate = Math.round((capacities.length === 0 ? 4000 : Math.min(...capacities)) / 2);
    this.#options.say(`  at ${rate} requests per second`);
    return rate;
  }

  async #capacityOf(peer: Peer, { setup, load }: Case): Promise<number[]> {
    const instance = await this.#instances.get(peer, setup);
    if (instance === undefined || load.kind !== 'requests') return [];
    const asFastAsPossible = { ...load, halfCapacity: false };
    const pace = { seconds: 1, rate: undefined };
    await measure(this.#lab, instance, asFastAsPossible, pace);
    const { figures } = await measure(this.#lab, instance, asFastAsPossible, pace);
    return figures.rate === undefined ? [] : [figures.rate];
  }
}

/** A percentile, and a load program that is itself still being compiled, need a second at least. */
function leastSeconds(load: Load): number {
  return load.kind === 'exchanges' || (load.kind === 'requests' && load.halfCapacity === true) ? 1 : 0;
}

/** What is compiled while it runs gets longer when it has just been started. */
function warmUpTime(instance: Instance, { peer }: Turn, { warmUp }: RunOptions): number {
  const compiled = peer?.family === 'c' || peer === undefined;
  return compiled || Date.now() - instance.started > JUST_STARTED ? warmUp : Math.max(warmUp, COMPILE_TIME);
}

function nameOf({ peer }: Turn): string {
  return peer?.name ?? DIRECT;
}

function takesPart(peer: Peer, each: Case): boolean {
  if (peer.everywhere === true) return true;
  if (each.only !== undefined && !each.only.includes(peer.name)) return false;
  return peer.onlyWhenNamed !== true || (each.also ?? []).includes(peer.name);
}

function isAtFixedRate({ load }: Case): boolean {
  return load.kind === 'requests' && load.halfCapacity === true;
}

function setupsOf({ cases }: Workload): Setup[] {
  return cases.map(({ setup }) => setup);
}
