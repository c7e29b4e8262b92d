/**
 * A load of a bounded rate, which does not wait for answers before it asks again. A process of its own in the namespace of the clients, told
 * what to do by messages (`LoadOrder`). Nine requests of ten go over connections that stay, the tenth over a new one.
 */
import { Agent, request } from 'node:http';
import type { LoadOrder, LoadReport, Target, TargetReport } from './load-protocol.ts';

/**
 * Milliseconds between two looks at what is due, and what passes for the load between two at most: after a halt of the machine, clients do not ask for
 * all at once that was due meanwhile, and answers have not had their time.
 */
const TICK = 1;
const LONGEST_TICK = 250;
/** Milliseconds after which an answer has failed. */
const PATIENCE = 10_000;

/** Milliseconds for which the load has run: its own clock, which halts when the process does not run. */
let clock = 0;
let ticked = performance.now();

const agent = new Agent({ keepAlive: true, scheduling: 'lifo' });

/** An open request. */
interface Open {
  /** By the clock of the load. */
  readonly asked: number;
  readonly abort: AbortController;
}

/** Asks for one target at its rate, and counts what comes. */
class Asker {
  readonly target: Target;
  readonly begun: number;
  /** In the order in which they were asked. */
  readonly open = new Set<Open>();
  #asked = 0;
  #askedBefore = 0;
  #statuses: Record<string, number> = {};
  #failures: string[] = [];
  #latencies: number[] = [];

  /** `share`: which part of the time between two requests passes before the first, so that those of many targets do not come at once. */
  constructor(target: Target, share: number) {
    this.target = target;
    this.begun = clock + (1_000 / target.perSecond) * share;
  }

  /** Asks what is due. */
  tick(): void {
    const interval = 1_000 / this.target.perSecond;
    while (this.begun + this.#asked * interval <= clock) this.#ask(clock - this.begun - this.#asked * interval);
  }

  /** Gives up what has waited for too long. */
  giveUp(): void {
    for (const { asked, abort } of this.open) {
      if (clock - asked < PATIENCE) return;
      abort.abort();
    }
  }

  report(): TargetReport {
    const made = {
      name: this.target.name,
      asked: this.#asked - this.#askedBefore,
      statuses: this.#statuses,
      failures: this.#failures,
      latencies: this.#latencies,
    };
    this.#askedBefore = this.#asked;
    this.#statuses = {};
    this.#failures = [];
    this.#latencies = [];
    return made;
  }

  /** `late`: milliseconds since it was due. */
  #ask(late: number): void {
    this.#asked += 1;
    const open: Open = { asked: clock, abort: new AbortController() };
    this.open.add(open);
    const due = performance.now() - late;
    const [host, port] = this.target.to.split(':');
    const isNew = this.#asked % 10 === 0;
    const { promise, resolve } = Promise.withResolvers<string>();
    const asked = request({
      host,
      port,
      path: this.target.path ?? '/',
      agent: isNew ? false : agent,
      signal: open.abort.signal,
    });
    asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    asked.on('response', (response) => {
      response.resume();
      response.on('error', (error: NodeJS.ErrnoException) => resolve(`${response.statusCode}, ${error.code}`));
      response.on('end', () => resolve(String(response.statusCode)));
    });
    asked.end();
    void promise.then((outcome) => {
      this.open.delete(open);
      this.#note(outcome, due, asked.reusedSocket);
    });
  }

  #note(outcome: string, due: number, isReused: boolean): void {
    const now = performance.now();
    this.#statuses[outcome] = (this.#statuses[outcome] ?? 0) + 1;
    if (outcome === '200') this.#latencies.push(Math.round((now - due) * 1_000) / 1_000);
    if ((this.target.expected ?? [200]).some((status) => String(status) === outcome)) return;
    const took = Math.round(now - due);
    this.#failures.push(
      `${outcome} ${took} ms, due ${Math.round(due - last)}, ${isReused ? 'kept' : 'new'} connection`,
    );
  }
}

let askers: Asker[] = [];
/** When the last report was made, and what the clock of the load was then. */
let last = performance.now();
let lastClock = 0;
let isAsking = true;

function tick(): void {
  const now = performance.now();
  clock += Math.min(now - ticked, LONGEST_TICK);
  ticked = now;
  for (const asker of askers) {
    asker.giveUp();
    if (isAsking) asker.tick();
  }
}

function report(): void {
  const now = performance.now();
  const time = clock - lastClock;
  const made: LoadReport = { time, halted: now - last - time, targets: askers.map((asker) => asker.report()) };
  last = now;
  lastClock = clock;
  process.send?.(made);
}

async function follow(order: LoadOrder): Promise<void> {
  if (order.type === 'start') {
    askers = order.targets.map((target, index) => new Asker(target, index / order.targets.length));
    last = performance.now();
    setInterval(tick, TICK);
  }
  if (order.type === 'finish') {
    isAsking = false;
    while (askers.some(({ open }) => open.size > 0)) await new Promise((done) => setTimeout(done, TICK));
  }
  report();
}

process.on('message', (order: LoadOrder) => void follow(order));
process.on('disconnect', () => process.exit(0));
