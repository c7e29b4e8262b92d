import { loadConfig } from '../../config/load-config.ts';
import { describeFailure } from '../../log/describe-failure.ts';
import type { PreparedReload, Running } from '../../run/running.ts';
import type { ReloadOrder } from '../process/messages.ts';
import { report } from '../process/report.ts';

type PrepareOrder = Extract<ReloadOrder, { type: 'prepare' }>;

/** The part of a worker in reloads: prepares a configuration when the supervisor says so, then switches to it or drops it. */
export class WorkerReloads {
  readonly #running: Running;
  readonly #file: string | undefined;
  /** What is prepared, by the reload that it belongs to. */
  #prepared: { readonly id: number; readonly reload: PreparedReload } | undefined = undefined;
  /** Settled when the last order is done. One is done after the other. */
  #turn: Promise<void> = Promise.resolve();

  constructor(running: Running, file: string | undefined) {
    this.#running = running;
    this.#file = file;
  }

  /** Never rejects. */
  take(order: ReloadOrder): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      try {
        await this.#do(order);
      } catch (error) {
        await report({ type: 'refused', id: order.id, message: describeFailure(error) });
      }
    });
    return this.#turn;
  }

  async #do(order: ReloadOrder): Promise<void> {
    switch (order.type) {
      case 'prepare':
        return this.#prepare(order);
      case 'switch':
        return this.#switch(order.id);
      case 'drop':
        if (this.#prepared?.id === order.id) await this.#drop();
    }
  }

  async #prepare({ id, files, bound }: PrepareOrder): Promise<void> {
    // One whose supervisor has given up on it.
    await this.#drop();
    const [parsed, source] = await loadConfig(this.#file, files, { isWorker: true });
    const reload = await this.#running.prepare(parsed, source, bound);
    this.#prepared = { id, reload };
    await report({ type: 'prepared', id, addresses: reload.addresses });
  }

  async #switch(id: number): Promise<void> {
    const prepared = this.#prepared;
    if (prepared?.id !== id) throw new Error('The configuration to switch to is not prepared.');
    this.#prepared = undefined;
    const { generation, alive } = prepared.reload.commit();
    await report({ type: 'switched', id, generation, alive });
  }

  async #drop(): Promise<void> {
    const prepared = this.#prepared;
    this.#prepared = undefined;
    await prepared?.reload.abandon();
  }
}
