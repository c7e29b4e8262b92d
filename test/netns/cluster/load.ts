import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Namespace } from '../namespace.ts';
import type { LoadOrder, LoadReport, Target } from './load-protocol.ts';
import { CLIENTS } from './machines/network.ts';

const LOAD = fileURLToPath(new URL('load-program.ts', import.meta.url));
const ORIGIN = fileURLToPath(new URL('origin.ts', import.meta.url));

function startIn(namespace: Namespace, ...parameters: readonly string[]): ChildProcess {
  const [program = '', ...rest] = namespace.inside(process.execPath, ...parameters);
  return spawn(program, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

/** The server behind the members, as a process of its own; it ends with this one. */
export async function startOrigin(clients: Namespace): Promise<void> {
  await once(startIn(clients, ORIGIN, CLIENTS), 'message');
}

/** The clients: a process that asks at a steady rate, whatever becomes of the answers. */
export class Load {
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  static async start(clients: Namespace, targets: readonly Target[]): Promise<Load> {
    const load = new Load(startIn(clients, LOAD));
    await load.#tell({ type: 'start', targets });
    return load;
  }

  /** What has ended since the last report. */
  report(): Promise<LoadReport> {
    return this.#tell({ type: 'report' });
  }

  /** Asks nothing more; reports when the last answer has come. */
  async finish(): Promise<LoadReport> {
    const report = await this.#tell({ type: 'finish' });
    this.#process.disconnect();
    return report;
  }

  async #tell(order: LoadOrder): Promise<LoadReport> {
    const answered = once(this.#process, 'message');
    this.#process.send(order);
    const [report] = (await answered) as [LoadReport];
    return report;
  }
}
