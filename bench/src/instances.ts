import { join } from 'node:path';
import type { Launch, Peer, RequestForm } from './peer.ts';
import { freePorts, PROXY_CORE, waitForPort, type OwnedProcess, type Processes } from './processes.ts';
import { setupKey, type Origins, type Setup } from './setup.ts';
import { Site } from './site.ts';

/** A running proxy, or the origin itself, which has no process to be measured. */
export interface Instance {
  readonly port: number;
  readonly form: RequestForm;
  /** See {@link Launch}. */
  readonly closesUnannounced: boolean;
  readonly process: OwnedProcess | undefined;
  /** When it was ready, in milliseconds since 1970. */
  readonly started: number;
}

/** The proxies that run. One is started when it is first asked for, and again when it has died. */
export class Instances {
  readonly #processes: Processes;
  readonly #directory: string;
  readonly #origins: Origins;
  readonly #running = new Map<string, Instance>();
  #sites = 0;

  constructor(processes: Processes, directory: string, origins: Origins) {
    this.#processes = processes;
    this.#directory = directory;
    this.#origins = origins;
  }

  /** The instance of `peer` for `setup`; undefined when it cannot do that. */
  async get(peer: Peer, setup: Setup): Promise<Instance | undefined> {
    const key = keyOf(peer, setup);
    const there = this.#running.get(key);
    if (there?.process?.running === true) return there;
    const started = await this.start(peer, setup);
    if (started !== undefined) this.#running.set(key, started);
    return started;
  }

  /** Starts one that nobody else gets: the caller stops it. */
  async start(peer: Peer, setup: Setup): Promise<Instance | undefined> {
    const [port = 0] = await freePorts(1);
    this.#sites += 1;
    const site = new Site(join(this.#directory, `${peer.name}-${this.#sites}`), port, this.#origins);
    const launch: Launch | undefined = peer.launch(setup, site);
    if (launch === undefined) return undefined;
    const process = this.#processes.start({ core: PROXY_CORE, ...launch });
    await waitForPort(port, process);
    return {
      port,
      form: launch.form,
      closesUnannounced: launch.closesUnannounced === true,
      process,
      started: Date.now(),
    };
  }

  /** Stops those that are for none of `setups`. */
  async keepOnly(setups: readonly Setup[]): Promise<void> {
    const wanted = new Set(setups.map(setupKey));
    for (const [key, instance] of this.#running) {
      if (wanted.has(key.slice(key.indexOf(' ') + 1))) continue;
      this.#running.delete(key);
      await instance.process?.stop();
    }
  }
}

function keyOf(peer: Peer, setup: Setup): string {
  return `${peer.name} ${setupKey(setup)}`;
}
