import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { findCommand } from '../../support/requires.ts';
import type { Way } from '../wire/exchange.ts';

/** A proxy that runs, with a port and an origin of its own for each lane. */
export interface Proxy {
  readonly name: string;
  /** Whoever asks in lane `lane` connects here. */
  way(lane: number, mode: 'forward' | 'reverse'): Way;
  /** How often it has died, or stood still, and was started again. */
  readonly restarts: number;
  /** Starts it again: it serves nobody any more. Resolves when it accepts connections. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** A proxy of somebody else's. */
export interface Peer {
  readonly name: string;
  readonly command: string;
  start(lanes: number): Promise<Proxy>;
}

/** Ports and addresses of a proxy. Ports are fixed: the runner has a network namespace of its own. */
export interface Ground {
  readonly number: number;
  readonly lanes: number;
}

export function portOf({ number }: Ground, lane: number): number {
  return 20_000 + number * 1000 + lane;
}

/** The origin, as this proxy dials it for one lane. */
export function addressOf({ number }: Ground, lane: number): string {
  return `127.${number}.0.${lane + 1}`;
}

export function lanesOf({ lanes }: Ground): number[] {
  return Array.from({ length: lanes }, (_, lane) => lane);
}

interface Launch {
  readonly name: string;
  readonly command: string;
  readonly ground: Ground;
  /** Writes the configuration into the folder. Returns the parameters. */
  readonly prepare: (folder: string) => Promise<readonly string[]>;
  readonly way?: Proxy['way'];
}

/** Milliseconds for a proxy to start. */
const LONGEST_START = 30_000;
/** Whatever dies more often does not run at all. */
const MOST_RESTARTS = 200;

/**
 * Starts a program in a folder of its own, and waits until its last lane accepts connections. It is ended with its children. One that
 * dies of an input is started again: that input counts as refused.
 */
export async function launch({ name, command, ground, prepare, way }: Launch): Promise<Proxy> {
  const program = findCommand(command);
  if (program === undefined) throw new Error(`There is no ${command}.`);
  const folder = await mkdtemp(join(tmpdir(), `inband-${command}-`));
  await chmod(folder, 0o777);
  const running = new Program(program, await prepare(folder), folder);
  const usual: Proxy['way'] = (lane) => ({ port: portOf(ground, lane), address: addressOf(ground, lane) });
  const accepting = (): Promise<void> => running.accepting(portOf(ground, ground.lanes - 1));
  const proxy: Proxy = {
    name,
    way: way ?? usual,
    get restarts() {
      return running.restarts;
    },
    restart: async () => {
      await running.kill();
      await accepting();
    },
    stop: async () => {
      running.isStopped = true;
      await running.kill();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  await accepting().catch(async (error: unknown) => {
    await proxy.stop();
    throw new Error(`${name} does not start: ${running.output}`, { cause: error });
  });
  return proxy;
}

class Program {
  isStopped = false;
  restarts = 0;
  /** The end of what it has written. */
  output = '';
  readonly #command: string;
  readonly #parameters: readonly string[];
  readonly #folder: string;
  #child: ChildProcess;

  constructor(command: string, parameters: readonly string[], folder: string) {
    this.#command = command;
    this.#parameters = parameters;
    this.#folder = folder;
    this.#child = this.#begin();
  }

  /** Resolves when it accepts connections at `port`. */
  async accepting(port: number): Promise<void> {
    const limit = performance.now() + LONGEST_START;
    while (!(await accepts(port))) {
      if (performance.now() > limit || this.restarts > MOST_RESTARTS) throw new Error('It accepts no connections.');
      await wait(20);
    }
  }

  /** Ends it with its children, which are of its process group. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
    await exit;
  }

  #begin(): ChildProcess {
    const child = spawn(this.#command, this.#parameters, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      cwd: this.#folder,
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => (this.output = (this.output + text.toString()).slice(-2000)));
    }
    child.on('exit', () => {
      this.restarts += 1;
      if (!this.isStopped && this.restarts <= MOST_RESTARTS) this.#child = this.#begin();
    });
    return child;
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
