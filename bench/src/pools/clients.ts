import { Agent, get } from 'node:http';

/** What one request came to. */
export interface Exchange {
  /** Milliseconds as of `performance.now`, when it ended. */
  readonly at: number;
  readonly milliseconds: number;
  /** The port of the server that answered; undefined where the request failed. */
  readonly server: number | undefined;
}

/** Milliseconds after which a client gives up. */
const PATIENCE = 10_000;

/** Clients that ask one request after the other on kept connections, until they are stopped. */
export class Clients {
  readonly exchanges: Exchange[] = [];
  readonly #agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  readonly #port: number;
  #isStopped = false;
  readonly #loops: Promise<void>[] = [];

  constructor(port: number) {
    this.#port = port;
  }

  start(count: number): void {
    for (let number = 0; number < count; number += 1) this.#loops.push(this.#loop());
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#loops);
    this.#agent.destroy();
  }

  async #loop(): Promise<void> {
    while (!this.#isStopped) {
      const begun = performance.now();
      const server = await this.#ask();
      const at = performance.now();
      this.exchanges.push({ at, milliseconds: at - begun, server });
    }
  }

  #ask(): Promise<number | undefined> {
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    const request = get(
      { port: this.#port, host: '127.0.0.1', path: '/', agent: this.#agent, timeout: PATIENCE },
      (response) => {
        let body = '';
        response.on('data', (bytes: Buffer) => (body += bytes.toString('latin1')));
        response.on('end', () => resolve(response.statusCode === 200 ? Number(body) : undefined));
        response.on('error', () => resolve(undefined));
      },
    );
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
    return promise;
  }
}
