import { join } from 'node:path';
import type { Launch, Peer, RequestForm } from './peer.ts';
import { freePorts, PROXY_CORE, waitForPort, type OwnedProcess, type Processes } from './processes/processes.ts';
import { setupKey, type Origins, type Setup } from './setup.ts';
import { Site } from './site.ts';

/** A running proxy, or the origin, whose process is not measured. */
export interface Instance {
  readonly port: number;
  readonly form: RequestForm;
  /** See {@link Launch}. */
  readonly closesUnannounced: boolean;
  readonly process: OwnedProcess | undefined;
  /** When it was ready, in milliseconds since 1970. */
  readonly started: number;
}

/** The running proxies. A proxy is started when it is first requested, and again when it has died. */
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

  /** Returns the instance of `peer` for `setup`, or undefined when the peer does not support it. */
  async get(peer: Peer, setup: Setup): Promise<Instance | undefined> {
    const key = keyOf(peer, setup);
    const there = this.#running.get(key);
    if (there?.process?.running === true) return there;
    const started = await this.start(peer, setup);
    if (started !== undefined) this.#running.set(key, started);
    return started;
  }

  /** Starts an instance that is not shared. The caller stops it. */
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

  /** Stops the instances that none of `setups` needs. */
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
