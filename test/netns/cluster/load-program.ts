/**
 * A load of a bounded rate, which does not wait for answers before it asks again. A process of its own in the namespace of the clients, told
 * what to do by messages (`LoadOrder`). Nine requests of ten go over connections that stay, the tenth over a new one.
 */
import { Agent, request } from 'node:http';
import type { LoadOrder, LoadReport, Target, TargetReport } from './load-protocol.ts';

/** Milliseconds between two looks at what is due. */
const TICK = 1;
/** Milliseconds after which an answer has failed. */
const PATIENCE = 10_000;

const agent = new Agent({ keepAlive: true, scheduling: 'lifo' });

/** Asks for one target at its rate, and counts what comes. */
class Asker {
  readonly target: Target;
  readonly begun: number;
  open = 0;
  #asked = 0;
  #askedBefore = 0;
  #statuses: Record<string, number> = {};
  #failures: string[] = [];
  #latencies: number[] = [];

  /** `share`: which part of the time between two requests passes before the first, so that those of many targets do not come at once. */
  constructor(target: Target, share: number) {
    this.target = target;
    this.begun = performance.now() + (1_000 / target.perSecond) * share;
  }

  /** Asks what is due. */
  tick(now: number): void {
    const interval = 1_000 / this.target.perSecond;
    while (this.begun + this.#asked * interval <= now) this.#ask(this.begun + this.#asked * interval);
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

  #ask(due: number): void {
    this.#asked += 1;
    this.open += 1;
    const [host, port] = this.target.to.split(':');
    const isNew = this.#asked % 10 === 0;
    const { promise, resolve } = Promise.withResolvers<string>();
    const asked = request({
      host,
      port,
      path: this.target.path ?? '/',
      agent: isNew ? false : agent,
      signal: AbortSignal.timeout(PATIENCE),
    });
    asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    asked.on('response', (response) => {
      response.resume();
      response.on('error', (error: NodeJS.ErrnoException) => resolve(`${response.statusCode}, ${error.code}`));
      response.on('end', () => resolve(String(response.statusCode)));
    });
    asked.end();
    void promise.then((outcome) => this.#note(outcome, due, asked.reusedSocket));
  }

  #note(outcome: string, due: number, isReused: boolean): void {
    const now = performance.now();
    this.open -= 1;
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
/** When the last report was made. */
let last = performance.now();
let timer: NodeJS.Timeout | undefined;

function report(): void {
  const now = performance.now();
  const made: LoadReport = { time: now - last, targets: askers.map((asker) => asker.report()) };
  last = now;
  process.send?.(made);
}

async function follow(order: LoadOrder): Promise<void> {
  if (order.type === 'start') {
    askers = order.targets.map((target, index) => new Asker(target, index / order.targets.length));
    last = performance.now();
    timer = setInterval(() => {
      const now = performance.now();
      for (const asker of askers) asker.tick(now);
    }, TICK);
  }
  if (order.type === 'finish') {
    clearInterval(timer);
    while (askers.some(({ open }) => open > 0)) await new Promise((done) => setTimeout(done, TICK));
  }
  report();
}

process.on('message', (order: LoadOrder) => void follow(order));
process.on('disconnect', () => process.exit(0));
