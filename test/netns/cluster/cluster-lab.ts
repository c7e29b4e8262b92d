import type { ConfigInput } from 'inband';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningProgram, startProgram } from '../../e2e/program.ts';
import { LAB_NEEDS } from '../lab.ts';
import { Load, startOrigin } from './load.ts';
import type { Target } from './load-protocol.ts';
import { ClusterNetwork, MEMBERS } from './machines/network.ts';
import { type StoreKind, StoreMachine } from './machines/store-machine.ts';

const SECRET = 'cluster.key';
/** Of Debian's `libfaketime`. */
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';

/** What a machine must have for clusters; for `describeRequiring`. */
export const CLUSTER_NEEDS = {
  ...LAB_NEEDS,
  commands: [...(LAB_NEEDS.commands ?? []), 'redis-server', 'redis-cli', 'nats-server'],
};

/** A running Inband on a machine of its own. */
export interface Member {
  readonly name: string;
  readonly address: string;
  readonly program: RunningProgram;
  /** Its own folder, with its configuration. */
  readonly folder: string;
}

/** How a member is started. */
export interface MemberOptions {
  /** Its clock can be moved: it has `libfaketime` before it. */
  readonly hasMovableClock?: boolean;
}

/** Three machines for Inband, one for a store, and one with clients and the server behind: one for a file, closed in `afterAll`. */
export class ClusterLab {
  readonly network: ClusterNetwork;
  readonly store: StoreMachine;
  /** Of everything that is written while it is there. */
  readonly folder: string;
  readonly #closers: (() => unknown)[] = [];

  private constructor(network: ClusterNetwork, store: StoreMachine, folder: string) {
    this.network = network;
    this.store = store;
    this.folder = folder;
  }

  static async create(kind: StoreKind, options: { readonly hasRelay?: boolean } = {}): Promise<ClusterLab> {
    const network = await ClusterNetwork.create();
    const folder = await mkdtemp(join(tmpdir(), 'inband-cluster-'));
    try {
      const [store] = await Promise.all([
        StoreMachine.start(network.store, kind, options),
        startOrigin(network.clients),
        writeFile(join(folder, SECRET), randomBytes(48).toString('base64'), { mode: 0o600 }),
        ...MEMBERS.map((_, index) => mkdir(memberFolder(folder, index))),
      ]);
      return new ClusterLab(network, store, folder);
    } catch (error) {
      await network.close();
      await rm(folder, { recursive: true });
      throw error;
    }
  }

  /** Has `close` called at the end of the lab; what was opened last is closed first. */
  defer(close: () => unknown): void {
    this.#closers.push(close);
  }

  /** Starts Inband on one of the three machines, counted from 0, and waits until it listens. */
  async startMember(
    index: number,
    config: ConfigInput,
    { hasMovableClock = false }: MemberOptions = {},
  ): Promise<Member> {
    const namespace = this.network.members[index];
    const address = MEMBERS[index];
    if (namespace === undefined || address === undefined) throw new Error(`There is no machine ${index}.`);
    if (hasMovableClock) await this.moveClock(index, 0);
    const preload = hasMovableClock ? this.#fakedClock(index) : [];
    const folder = memberFolder(this.folder, index);
    const program = await startProgram(this, { transport: 'epoll', ...config }, namespace.inside(...preload), folder);
    return { name: namespace.name, address, program, folder };
  }

  /** Has the clock of a member that was started for it be wrong by so many seconds; timers go on as before. It is seen within a second. */
  async moveClock(index: number, seconds: number): Promise<void> {
    await writeFile(this.#clockFile(index), `${seconds < 0 ? '' : '+'}${seconds}\n`);
  }

  /** The file with what members encrypt by. */
  get secret(): string {
    return join(this.folder, SECRET);
  }

  /** The folder of a member, which is there before it is started. */
  folderOf(index: number): string {
    return memberFolder(this.folder, index);
  }

  /** Begins to ask; ends with the lab. */
  load(targets: readonly Target[]): Promise<Load> {
    return Load.start(this.network.clients, targets);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).toReversed()) await close();
    await this.store.remove();
    await this.network.close();
    await rm(this.folder, { recursive: true });
  }

  #clockFile(index: number): string {
    return join(this.folder, `clock${index + 1}`);
  }

  #fakedClock(index: number): string[] {
    return [
      'env',
      `LD_PRELOAD=${FAKETIME}`,
      'FAKETIME_DONT_FAKE_MONOTONIC=1',
      'FAKETIME_CACHE_DURATION=1',
      `FAKETIME_TIMESTAMP_FILE=${this.#clockFile(index)}`,
    ];
  }
}

function memberFolder(folder: string, index: number): string {
  return join(folder, `edge${index + 1}`);
}
