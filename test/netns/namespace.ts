import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { AgentEvent, AgentMessage, Answer, FetchOptions, Order, Seen } from './protocol.ts';
import { Wire } from './wire.ts';

const AGENT = fileURLToPath(new URL('agent.ts', import.meta.url));
/** Milliseconds that something may take which is about to happen. */
const PATIENCE = 30_000;

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Settle = { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void };

/**
 * A network namespace without a name. It exists through the agent in it: when that ends, in whatever way, the kernel
 * removes the namespace with its interfaces, routes and rules; and the agent ends when this process does.
 */
export class Namespace {
  readonly name: string;
  readonly pid: number;
  /** What has been heard of it so far. What has happened may still be on its way: see `soFar`. */
  readonly heard: readonly AgentEvent[];
  readonly #agent: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #events: AgentEvent[] = [];
  readonly #orders = new Map<number, Settle>();
  readonly #waiting = new Set<() => void>();
  #last = 0;

  private constructor(name: string, agent: ChildProcess) {
    this.name = name;
    this.pid = agent.pid ?? 0;
    this.heard = this.#events;
    this.#agent = agent;
    this.#ended = once(agent, 'exit').then(() => {
      for (const { reject } of this.#orders.values()) reject(new Error(`the agent of "${name}" has ended`));
      this.#orders.clear();
    });
    agent.on('message', (message: AgentMessage) => this.#hear(message));
  }

  /** Makes one, without any interface but an idle loopback. */
  static async create(name: string): Promise<Namespace> {
    const outer = readlinkSync('/proc/self/ns/net');
    const agent = spawn('unshare', ['--net', '--', process.execPath, AGENT, name, outer], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const namespace = new Namespace(name, agent);
    const failed = namespace.#ended.then(() => {
      throw new Error(`the namespace "${name}" could not be made`);
    });
    failed.catch(() => {}); // Of interest only until it is ready.
    await Promise.race([once(agent, 'message'), failed]);
    return namespace;
  }

  /** A command line that runs another one in here. What it starts ends with the process that starts it. */
  inside(...command: readonly string[]): string[] {
    return ['nsenter', `--net=/proc/${this.pid}/ns/net`, '--', 'setpriv', '--pdeathsig', 'SIGKILL', ...command];
  }

  /** Runs a program in here to its end, whatever that is. `timeout`: milliseconds after which it is ended. */
  async execute(command: readonly string[], input = '', timeout = PATIENCE): Promise<Finished> {
    const [program = '', ...parameters] = this.inside(...command);
    const child = spawn(program, parameters, { stdio: ['pipe', 'pipe', 'pipe'], timeout });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    child.stdin.on('error', () => {}); // It need not read what it is given.
    child.stdin.end(input);
    const [status] = (await once(child, 'close')) as [number | null];
    return { status, stdout, stderr };
  }

  /** Runs a program in here that must succeed; gives its output. */
  async run(command: readonly string[], input?: string): Promise<string> {
    const { status, stdout, stderr } = await this.execute(command, input);
    if (status !== 0) throw new Error(`${command.join(' ')}: status ${status}: ${stderr}\n${input ?? ''}`);
    return stdout;
  }

  /** Runs commands of `ip`, one a line: `addr add 10.0.0.1/24 dev eth0`. */
  async ip(commands: string): Promise<void> {
    await this.run(['ip', '-batch', '-'], commands);
  }

  /** Loads a file of nftables rules. */
  async nft(rules: string): Promise<void> {
    await this.run(['nft', '-f', '-'], rules);
  }

  /** Sets `net.ipv4.ip_forward` and the like. */
  async sysctl(name: string, value: string): Promise<void> {
    await this.run(['tee', `/proc/sys/${name.replaceAll('.', '/')}`], value);
  }

  async serve(port: number, kind: 'http' | 'echo' = 'http'): Promise<void> {
    await this.order({ type: 'serve', port, kind });
  }

  /** Ends a server: its port is closed from now on, and so are its connections. */
  async stop(port: number): Promise<void> {
    await this.order({ type: 'stop', port });
  }

  /** Makes one request from here. Rejects with the code of the error (`ECONNREFUSED`, `ECONNRESET`, …) as message. */
  async fetch(options: FetchOptions): Promise<Answer> {
    return (await this.order({ type: 'fetch', ...options })) as Answer;
  }

  /** The same, where a server of the lab answers; gives what it says that it saw. */
  async ask(options: FetchOptions): Promise<Seen> {
    const { status, body } = await this.fetch(options);
    if (status !== 200) throw new Error(`status ${status}: ${body}`);
    return JSON.parse(body) as Seen;
  }

  /** Opens a connection from here on which the test says what is sent. */
  async open(to: string, from?: string): Promise<Wire> {
    const id = (this.#last += 1);
    const local = await this.order({ type: 'open', wire: id, to, from });
    return new Wire(this, id, String(local));
  }

  /** Connects, sends nothing, and waits for the end; gives the code of the error with which it came, if it was one. */
  async endOf(to: string): Promise<string | undefined> {
    // A reset may come before it is known here that the connection was made.
    const wire = await this.open(to).catch((error: Error) => error.message);
    return typeof wire === 'string' ? wire : wire.closed();
  }

  /**
   * Everything that happened in it until now. The agent tells in order, so what it told before it answers is heard; without
   * asking, a client may have the bytes of a server whose event is still on its way here.
   */
  async soFar(): Promise<readonly AgentEvent[]> {
    await this.order({ type: 'answer' });
    return [...this.#events];
  }

  /** Resolves with the first event, past or future, that `wanted` accepts; fails after half a minute. */
  async happened(wanted: (event: AgentEvent) => boolean, what = 'event'): Promise<AgentEvent> {
    const patience = AbortSignal.timeout(PATIENCE);
    for (;;) {
      const found = this.#events.find(wanted);
      if (found !== undefined) return found;
      if (patience.aborted) throw new Error(`no ${what} in "${this.name}", but ${JSON.stringify(this.#events)}`);
      await this.#nextEvent(patience);
    }
  }

  order(order: Order): Promise<unknown> {
    const id = (this.#last += 1);
    return new Promise((resolve, reject) => {
      this.#orders.set(id, { resolve, reject });
      this.#agent.send({ id, order }, (error) => error !== null && reject(error));
    });
  }

  async close(): Promise<void> {
    this.#agent.kill('SIGKILL');
    await this.#ended;
  }

  #nextEvent(patience: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        patience.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      patience.addEventListener('abort', wake);
    });
  }

  #hear(message: AgentMessage): void {
    if (message.type === 'event') {
      this.#events.push(message.event);
      for (const wake of this.#waiting) wake();
    } else if (message.type !== 'ready') {
      const settle = this.#orders.get(message.id);
      this.#orders.delete(message.id);
      if (message.type === 'done') settle?.resolve(message.value);
      else settle?.reject(new Error(message.error));
    }
  }
}
