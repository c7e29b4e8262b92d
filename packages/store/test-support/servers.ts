import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../core/test-support/free-port.ts';

/** Programs of servers are often outside of an ordinary user's search path. */
const PATH = [process.env.PATH, '/usr/sbin', '/usr/local/sbin'].join(':');

/** A program that serves at a port of the loopback, with its files in a folder of its own. */
export class ServerProcess {
  readonly port: number;
  readonly folder: string;
  readonly #command: string;
  readonly #args: readonly string[];
  #process: ChildProcess | undefined = undefined;

  private constructor(command: string, args: readonly string[], folder: string, port: number) {
    this.#command = command;
    this.#args = args;
    this.folder = folder;
    this.port = port;
  }

  /** Starts it. `args` are made with the folder and the port that it has. */
  static async start(
    command: string,
    args: (folder: string, port: number) => readonly string[] | Promise<readonly string[]>,
  ): Promise<ServerProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'inband-store-'));
    await mkdir(join(folder, 'data'));
    const port = await freePort();
    const server = new ServerProcess(command, await args(folder, port), folder, port);
    await server.start();
    return server;
  }

  /** Starts it again, with what is in its folder. */
  async start(): Promise<void> {
    const child = spawn(this.#command, this.#args, { cwd: this.folder, stdio: 'ignore', env: { PATH } });
    this.#process = child;
    for (;;) {
      if (child.exitCode !== null) throw new Error(`${this.#command} ended with ${child.exitCode}`);
      if (await accepts(this.port)) return;
      await new Promise((done) => setTimeout(done, 10));
    }
  }

  get isRunning(): boolean {
    const child = this.#process;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  /** Ends it without a chance to save anything. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** Forgets everything that it has saved. It must not run. */
  async wipe(): Promise<void> {
    await rm(join(this.folder, 'data'), { recursive: true, force: true });
    await mkdir(join(this.folder, 'data'));
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

function accepts(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, '127.0.0.1');
  socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}

interface RedisOptions {
  /** It writes what it is told before it answers, and does not wait for the disk, because the machine is not what fails. By default it keeps nothing. */
  readonly appends?: boolean;
  /** Further options. */
  readonly more?: (port: number) => readonly string[];
}

/** Redis in a folder of its own. */
export function startRedis({ appends = false, more = () => [] }: RedisOptions = {}): Promise<ServerProcess> {
  return ServerProcess.start('redis-server', (folder, port) => [
    ...`--port ${port} --bind 127.0.0.1 --dir ${join(folder, 'data')} --appendfsync no`.split(' '),
    ...`--appendonly ${appends ? 'yes' : 'no'}`.split(' '),
    '--save',
    '',
    ...more(port),
  ]);
}

/** A Sentinel that knows a server as `edge`, and is quick to find it dead. */
export function startSentinel(master: number): Promise<ServerProcess> {
  return ServerProcess.start('redis-server', async (folder, port) => {
    const file = join(folder, 'sentinel.conf');
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `sentinel monitor edge 127.0.0.1 ${master} 1`,
      'sentinel down-after-milliseconds edge 300',
      'sentinel failover-timeout edge 3000',
    ];
    await writeFile(file, `${lines.join('\n')}\n`);
    return [file, '--sentinel'];
  });
}

/** NATS with JetStream. */
export async function startNats(): Promise<ServerProcess> {
  return ServerProcess.start('nats-server', (folder, port) =>
    `--addr 127.0.0.1 --port ${port} --jetstream --store_dir ${join(folder, 'data')}`.split(' '),
  );
}
