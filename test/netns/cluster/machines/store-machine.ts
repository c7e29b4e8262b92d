import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Namespace } from '../../namespace.ts';
import { emptyNats, fillNats, MOST_KEPT } from './fill-nats.ts';
import { STORE } from './network.ts';

const RELAY = fileURLToPath(new URL('late-relay.ts', import.meta.url));
const PORT = 6379;
/** Where the server listens while a relay is in front of it. */
const PORT_BEHIND = 6380;

export type StoreKind = 'redis' | 'nats';

/** A server that members share by: Redis, or NATS with JetStream, with its files in a folder, and a relay in front that can be late. */
export class StoreMachine {
  readonly kind: StoreKind;
  readonly url: string;
  readonly #namespace: Namespace;
  readonly #folder: string;
  readonly #hasRelay: boolean;
  #server: ChildProcess | undefined = undefined;
  #relay: ChildProcess | undefined = undefined;

  private constructor(namespace: Namespace, kind: StoreKind, folder: string, hasRelay: boolean) {
    this.#namespace = namespace;
    this.kind = kind;
    this.#folder = folder;
    this.#hasRelay = hasRelay;
    this.url = `${kind}://${STORE}:${PORT}`;
  }

  /** Starts it. Only with a relay can its answers be `late`; then each of them takes some 0.1 ms longer. */
  static async start(namespace: Namespace, kind: StoreKind, { hasRelay = false } = {}): Promise<StoreMachine> {
    const folder = await mkdtemp(join(tmpdir(), 'inband-cluster-store-'));
    await mkdir(join(folder, 'data'));
    const machine = new StoreMachine(namespace, kind, folder, hasRelay);
    await machine.start();
    return machine;
  }

  /** Starts it again, with what it has saved. */
  async start(): Promise<void> {
    const port = this.#port;
    this.#server = await this.#spawn(await this.#command(port), port);
    if (this.#hasRelay) this.#relay = await this.#spawn([process.execPath, RELAY, `${PORT}`, `${PORT_BEHIND}`], PORT);
  }

  /** Ends it without a chance to save anything. */
  async kill(): Promise<void> {
    // With its relay, which would accept connections for it.
    for (const child of [this.#relay, this.#server]) {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
  }

  halt(): void {
    for (const child of [this.#relay, this.#server]) child?.kill('SIGSTOP');
  }

  goOn(): void {
    for (const child of [this.#relay, this.#server]) child?.kill('SIGCONT');
  }

  /** Has each answer come so many milliseconds late; 0: as it is. */
  late(milliseconds: number): void {
    if (this.#relay === undefined) throw new Error('This store has no relay in front.');
    this.#relay.send(milliseconds);
  }

  /** Has it forget everything, also what it has saved, and start again. */
  async wipe(): Promise<void> {
    await this.kill();
    await rm(this.#data, { recursive: true });
    await mkdir(this.#data);
    await this.start();
  }

  /** Keeps a copy of what it has, for `restore`. It is not there for a moment. */
  async save(): Promise<void> {
    await this.kill();
    await cp(this.#data, join(this.#folder, 'saved'), { recursive: true });
    await this.start();
  }

  /** Starts it again with what it had when it was saved. */
  async restore(): Promise<void> {
    await this.kill();
    await rm(this.#data, { recursive: true });
    await cp(join(this.#folder, 'saved'), this.#data, { recursive: true });
    await this.start();
  }

  /** Has it refuse to keep anything more. Redis with `maxmemory` and `noeviction`, NATS with `max_file_store`. */
  async fill(): Promise<void> {
    if (this.kind === 'redis') await this.#redis('config', 'set', 'maxmemory', '1');
    else await fillNats(this.#namespace, `${STORE}:${this.#port}`);
  }

  /** Has it room again. */
  async empty(): Promise<void> {
    if (this.kind === 'redis') await this.#redis('config', 'set', 'maxmemory', '0');
    else await emptyNats(this.#namespace, `${STORE}:${this.#port}`);
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #data(): string {
    return join(this.#folder, 'data');
  }

  /** Where the server itself listens. */
  get #port(): number {
    return this.#hasRelay ? PORT_BEHIND : PORT;
  }

  async #redis(...command: readonly string[]): Promise<void> {
    await this.#namespace.run(['redis-cli', '-h', STORE, '-p', `${this.#port}`, ...command]);
  }

  async #command(port: number): Promise<string[]> {
    if (this.kind === 'nats') {
      const file = join(this.#folder, 'nats.conf');
      const jetstream = `jetstream { store_dir: "${this.#data}", max_file_store: ${MOST_KEPT}, max_memory_store: ${MOST_KEPT} }`;
      await writeFile(file, `listen: "${STORE}:${port}"\n${jetstream}\n`);
      return ['nats-server', '--config', file];
    }
    const options = `--port ${port} --bind ${STORE} --dir ${this.#data} --appendonly yes --maxmemory-policy noeviction`;
    return ['redis-server', ...options.split(' '), '--save', '', '--protected-mode', 'no'];
  }

  async #spawn(command: readonly string[], port: number): Promise<ChildProcess> {
    const [program = '', ...parameters] = this.#namespace.inside(...command);
    const child = spawn(program, parameters, { cwd: this.#folder, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    await accepts(this.#namespace, child, `${STORE}:${port}`);
    return child;
  }
}

/** Resolves as soon as something listens there. */
async function accepts(namespace: Namespace, child: ChildProcess, to: string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${child.spawnargs.join(' ')}: ended with ${child.exitCode}`);
    const wire = await namespace.open(to).catch(() => undefined);
    if (wire !== undefined) return wire.reset();
    await new Promise((done) => setTimeout(done, 10));
  }
}
