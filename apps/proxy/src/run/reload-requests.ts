import type { Logger } from '@inband/core';
import { describeFailure } from '../log/describe-failure.ts';

/**
 * Reloads when somebody asks. Those who ask while a reload runs get one more after it, together, because it may have read the file
 * already. A failure is logged, and the program goes on.
 */
export class ReloadRequests<Result> {
  readonly #reload: () => Promise<Result>;
  readonly #logger: Logger;
  #running: Promise<Result> | undefined = undefined;
  /** The one after that. */
  #next: Promise<Result> | undefined = undefined;

  constructor(reload: () => Promise<Result>, logger: Logger) {
    this.#reload = reload;
    this.#logger = logger;
  }

  /** `fields` say who asks. */
  ask(fields: object): void {
    // A failure is logged.
    this.askFor(fields).catch(() => undefined);
  }

  /** The same, and resolves with what the reload has done. Rejects if it was refused. */
  askFor(fields: object): Promise<Result> {
    this.#logger.info(fields, 'reloading');
    if (this.#running === undefined) return this.#run();
    this.#next ??= this.#running.then(
      () => this.#runNext(),
      () => this.#runNext(),
    );
    return this.#next;
  }

  /**
   * Replaces the configuration in another way, when it is its turn. `check` is called then, and nothing happens if it throws. Rejects if
   * the configuration is refused, and leaves it to the caller to log that.
   */
  async exclusively(replace: () => Promise<Result>, check: () => void = () => undefined): Promise<Result> {
    while (this.#running !== undefined) await this.#running.catch(() => undefined);
    check();
    return this.#run(replace);
  }

  #runNext(): Promise<Result> {
    this.#next = undefined;
    return this.exclusively(() => this.#logged());
  }

  #run(reload = () => this.#logged()): Promise<Result> {
    const running = reload().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #logged(): Promise<Result> {
    try {
      return await this.#reload();
    } catch (error) {
      this.#logger.error({ detail: describeFailure(error) }, 'the reload was refused; nothing has changed');
      throw error;
    }
  }
}
