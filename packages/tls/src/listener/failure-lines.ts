import { formatSockAddr, type Logger, type SockAddr } from '@inband/core';

/** A handshake with a client that failed. */
export interface FailedHandshake {
  readonly client: SockAddr;
  readonly listener: SockAddr;
  /** The name that the client sent, if its ClientHello was read. */
  readonly serverName: string | undefined;
  /** One sentence. */
  readonly why: string;
  /** The alert that was sent or received. */
  readonly alert: string | undefined;
}

/** Lines in a second. Clients can cause as many failures as they like. */
const MOST_EACH_SECOND = 10;
const SECOND = 1_000;

/** A line for each handshake that failed, up to ten in a second. The first line after that says how many had none. */
export class FailureLines {
  readonly #logger: Logger;
  readonly #now: () => number;
  #second = -1;
  #written = 0;
  #unmentioned = 0;

  constructor(logger: Logger, now: () => number = Date.now) {
    this.#logger = logger;
    this.#now = now;
  }

  log({ client, listener, serverName, why, alert }: FailedHandshake): void {
    const second = Math.floor(this.#now() / SECOND);
    if (second !== this.#second) {
      this.#second = second;
      this.#written = 0;
    }
    if (this.#written >= MOST_EACH_SECOND) {
      this.#unmentioned += 1;
      return;
    }
    this.#written += 1;
    const unmentioned = this.#unmentioned;
    this.#unmentioned = 0;
    const addresses = { client: formatSockAddr(client), listener: formatSockAddr(listener) };
    const fields = { ...addresses, serverName, alert, why, ...(unmentioned > 0 && { unmentioned }) };
    this.#logger.info(fields, 'a TLS handshake with a client failed');
  }
}
