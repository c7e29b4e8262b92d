import { codeOf } from '../errors.ts';
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { readTree } from './proc.ts';

/** The core of the proxy under test. */
export const PROXY_CORE = 0;
/** The core that load, origins and the benchmark itself share. */
export const LOAD_CORE = 1;

/** How long a process has to end after SIGTERM before it is killed, in milliseconds. */
const END_GRACE = 3_000;
/** How long a server has to accept connections, in milliseconds. */
const START_LIMIT = 20_000;
/** The characters of a process's output that are kept. */
const OUTPUT_KEPT = 4_000;

export interface StartOptions {
  readonly core: number;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** A file for standard output, such as an access log. Without it the last output is kept for error messages. */
  readonly stdoutFile?: string | undefined;
  /** Opens Node's message channel to the process. */
  readonly ipc?: boolean;
}

/** A process that the benchmark started, and ends. */
export class OwnedProcess {
  readonly command: string;
  readonly child: ChildProcess;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
  #output = '';

  constructor(options: StartOptions) {
    this.command = options.command;
    const stdout = options.stdoutFile === undefined ? 'pipe' : openSync(options.stdoutFile, 'a');
    // taskset becomes the command, so its process id is the command's.
    this.child = spawn('taskset', ['-c', String(options.core), options.command, ...options.args], {
      stdio: ['ignore', stdout, 'pipe', ...(options.ipc === true ? (['ipc'] as const) : [])],
      env: { ...process.env, ...options.env },
    });
    if (typeof stdout === 'number') closeSync(stdout);
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString('latin1')).slice(-OUTPUT_KEPT);
    };
    this.child.stdout?.on('data', keep);
    this.child.stderr?.on('data', keep);
    this.ended = new Promise((resolve) => {
      this.child.once('error', (error) => {
        keep(Buffer.from(error.message));
        resolve();
      });
      this.child.once('close', () => resolve());
    });
  }

  get pid(): number {
    const { pid } = this.child;
    if (pid === undefined) throw new Error(`${this.command} could not be started: ${this.output}`);
    return pid;
  }

  get running(): boolean {
    return this.child.pid !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** The last output of the process. */
  get output(): string {
    return this.#output.trim();
  }

  /** Ends the process and its descendants by SIGTERM, then by SIGKILL. */
  async stop(): Promise<void> {
    if (!this.running) return;
    const tree = readTree(this.pid).map((each) => each.pid);
    this.child.kill('SIGTERM');
    await Promise.race([this.ended, sleep(END_GRACE, undefined, { ref: false })]);
    if (!this.running) return;
    for (const pid of tree) killIfThere(pid);
    await this.ended;
  }

  /** Kills the process and its descendants without waiting. */
  killNow(): void {
    if (!this.running) return;
    for (const each of readTree(this.pid)) killIfThere(each.pid);
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}

/** All processes of a run. `stopAll` or `killAll` ends them at the end of the run. */
export class Processes {
  readonly #all = new Set<OwnedProcess>();

  start(options: StartOptions): OwnedProcess {
    const owned = new OwnedProcess(options);
    this.#all.add(owned);
    void owned.ended.then(() => this.#all.delete(owned));
    return owned;
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#all].map((owned) => owned.stop()));
  }

  killAll(): void {
    for (const owned of this.#all) owned.killNow();
  }
}

/** Resolves when `port` of 127.0.0.1 accepts; rejects when `owner` ends before, or after twenty seconds. */
export async function waitForPort(port: number, owner: OwnedProcess): Promise<void> {
  const until = Date.now() + START_LIMIT;
  while (Date.now() < until) {
    if (!owner.running) throw new Error(`${owner.command} ended at its start: ${owner.output || 'it said nothing'}`);
    if (await accepts(port)) return;
    await sleep(20);
  }
  throw new Error(`${owner.command} did not accept connections on port ${port}: ${owner.output || 'it said nothing'}`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}

/** `count` ports of 127.0.0.1 that nothing listens on. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listenAnywhere));
  const ports = servers.map(portOf);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server does not listen on a port');
  return address.port;
}

function listenAnywhere(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}
