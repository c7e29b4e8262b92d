import type { Logger } from '@inband/core';
import { type ConfigPath, formatPath } from '../../../config/problem/problem.ts';
import { childLogger } from '../../../log/logging.ts';

/** `services`, its name, `routes`, its index. */
const ROUTE_DEPTH = 4;

/** Says in each line of a chainer which one it is. That is put together for the first line, because most chainers write none. */
export class ChainerLogger implements Logger {
  readonly #logger: Logger;
  readonly #type: string;
  readonly #path: ConfigPath;
  #named: Logger | undefined = undefined;

  constructor(logger: Logger, type: string, path: ConfigPath) {
    this.#logger = logger;
    this.#type = type;
    this.#path = path;
  }

  debug(fields: object, message: string): void {
    this.#own.debug(fields, message);
  }

  info(fields: object, message: string): void {
    this.#own.info(fields, message);
  }

  warn(fields: object, message: string): void {
    this.#own.warn(fields, message);
  }

  error(fields: object, message: string): void {
    this.#own.error(fields, message);
  }

  get #own(): Logger {
    this.#named ??= childLogger(this.#logger, {
      chainer: this.#type,
      route: formatPath(this.#path.slice(0, ROUTE_DEPTH)),
    });
    return this.#named;
  }
}
