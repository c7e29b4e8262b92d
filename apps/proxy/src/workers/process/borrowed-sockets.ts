import { receivedSocket } from '@inband/core';
import type { LentSocket } from '../../handover/upgrade.ts';

/** Sockets that a worker lends, while they are asked for. */
export class BorrowedSockets {
  /** Takes the end of the answer: why it cannot, or undefined. */
  #settle: ((problem: string | undefined) => void) | undefined = undefined;
  #lent: LentSocket[] = [];

  /** Rejects if the worker cannot, or has not lent all within `limit` milliseconds (`late` says so); then those that came are released. */
  async ask(limit: number, late: string, send: () => void): Promise<LentSocket[]> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#lent = [];
    this.#settle = (problem) => (problem === undefined ? resolve() : reject(new Error(problem)));
    const timer = setTimeout(() => reject(new Error(late)), limit);
    send();
    try {
      await promise;
      return this.#lent;
    } catch (error) {
      for (const socket of this.#lent) socket.release();
      throw error;
    } finally {
      clearTimeout(timer);
      this.#settle = undefined;
      this.#lent = [];
    }
  }

  /** One of them has come. */
  take({ kind, bind }: Pick<LentSocket, 'kind' | 'bind'>, handle: unknown): void {
    if (typeof handle !== 'object' || handle === null) return;
    const socket = receivedSocket(handle);
    // It comes too late: nobody waits for it any more.
    if (this.#settle === undefined) return socket.release();
    const { descriptor } = socket;
    this.#lent.push({ descriptor, kind, bind, release: () => socket.release() });
  }

  /** All have come, or none come any more. `problem`: why the worker cannot lend them. */
  end(problem?: string): void {
    this.#settle?.(problem);
  }
}
