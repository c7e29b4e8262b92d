import type { Logger } from '@inband/core';
import { describeFailure } from '../log/describe-failure.ts';

/**
 * Reloads when somebody asks. Those who ask while a reload runs get one more after it, together, because it may have read the file
 * already. A failure is logged, and the program goes on.
 */
export class ReloadRequests {
  readonly #reload: () => Promise<void>;
  readonly #logger: Logger;
  #running: Promise<void> | undefined = undefined;
  #isAskedAgain = false;

  constructor(reload: () => Promise<void>, logger: Logger) {
    this.#reload = reload;
    this.#logger = logger;
  }

  /** `fields` say who asks. */
  ask(fields: object): void {
    this.#logger.info(fields, 'reloading');
    if (this.#running === undefined) this.#running = this.#run();
    else this.#isAskedAgain = true;
  }

  async #run(): Promise<void> {
    do {
      this.#isAskedAgain = false;
      try {
        await this.#reload();
      } catch (error) {
        this.#logger.error({ detail: describeFailure(error) }, 'the reload was refused; nothing has changed');
      }
    } while (this.#isAskedAgain);
    this.#running = undefined;
  }
}
