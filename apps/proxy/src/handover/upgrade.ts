import { type Logger, ProxyError } from '@inband/core';
import { describeFailure } from '../log/describe-failure.ts';
import type { SentTicketKeys } from '../session-tickets/ticket-keys.ts';
import type { InheritedSocket } from './inherited-sockets.ts';
import { startSuccessor } from './successor.ts';

/** A listening socket that is lent to a successor. */
export interface LentSocket extends InheritedSocket {
  /** To be called when the successor has it, or will never get it. */
  release(): void;
}

export interface UpgradeDeps {
  readonly logger: Logger;
  /** The configuration came by standard input, which a successor could not read again. */
  readonly isReadOnce: boolean;
  /** All listening sockets of the program. Rejects if they cannot be handed over. */
  readonly share: () => Promise<readonly LentSocket[]>;
  /** The current keys of session tickets, with which a successor goes on. */
  readonly ticketKeys: () => SentTicketKeys;
  /** Called when a successor accepts, before it is told to take over. */
  readonly leave: (successorPid: number) => Promise<void>;
}

/**
 * Replaces this program with a newer version of itself, when somebody asks:
 *
 * ```
 *  idle ── ask ──▶ starting ── the successor accepts ──▶ done: this program drains
 *   ▲                  │
 *   └── it has failed ─┘ the log says why, and this program goes on
 * ```
 */
export class Upgrade {
  /** Resolves when a successor accepts, with what the log says of it. */
  readonly done: Promise<object>;
  readonly #deps: UpgradeDeps;
  readonly #done = Promise.withResolvers<object>();
  readonly #off = new AbortController();
  #state: 'idle' | 'starting' | 'done' = 'idle';

  constructor(deps: UpgradeDeps) {
    this.#deps = deps;
    this.done = this.#done.promise;
  }

  get isDone(): boolean {
    return this.#state === 'done';
  }

  /** `fields` say who asks. */
  ask(fields: object): void {
    const { logger } = this.#deps;
    if (this.#state !== 'idle') return logger.warn(fields, 'an upgrade is going on already');
    logger.info(fields, 'upgrading');
    this.#state = 'starting';
    void this.#run();
  }

  /** This program is to stop. A successor that does not accept yet is ended. */
  abort(): void {
    this.#off.abort();
  }

  async #run(): Promise<void> {
    const { logger, share, ticketKeys, leave } = this.#deps;
    let lent: readonly LentSocket[] = [];
    try {
      this.#refuse();
      lent = await share();
      const successor = await startSuccessor(lent, ticketKeys(), this.#off.signal);
      this.#state = 'done';
      const fields = { successor: successor.pid, version: successor.version };
      logger.info(fields, 'the successor accepts clients');
      await leave(successor.pid);
      successor.takeOver();
      this.#done.resolve(fields);
    } catch (error) {
      this.#state = 'idle';
      logger.error({ detail: describeFailure(error) }, 'the upgrade failed; this program goes on');
    } finally {
      for (const socket of lent) socket.release();
    }
  }

  #refuse(): void {
    if (process.platform === 'win32') throw notHere('this system cannot hand over listening sockets');
    if (this.#deps.isReadOnce) throw notHere('the configuration came by standard input, which is read once; restart');
    if (process.pid === 1)
      throw notHere('this is process 1 of a container, which ends with it; start a new container, or use --init');
  }
}

/** An upgrade cannot be made here, and the operator can do something about it. */
function notHere(why: string): ProxyError {
  return new ProxyError('proxy_configuration_error', why);
}
