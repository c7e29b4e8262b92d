import { inetAddr, type InetAddr, type NoticeValue, type Resolution, type Topic } from '@inband/core';
import { withFirst } from './address-order.ts';
import type { WinnerMemo } from './winner-memo.ts';

/** Milliseconds for which workers that are started later are told of a winner. */
const TTL = 600_000;

/** In place of an answer, for a host of which only another worker's winner is known. Its name is still to be resolved. */
const UNKNOWN: Resolution = Object.freeze({ addresses: [] });

/**
 * What workers tell each other of hosts whose first address did not connect, or not in time. So one session of the machine waits for such
 * an address, and not one of each worker.
 */
export class SharedWinners {
  readonly #topic: Topic;
  readonly #memo: WinnerMemo;

  constructor(topic: Topic, memo: WinnerMemo) {
    this.#topic = topic;
    this.#memo = memo;
    topic.follow((host, value) => this.#hear(host, value));
  }

  tell(host: string, { address, port }: InetAddr): void {
    // The port is told with the host, because each has its own winner.
    this.#topic.tell(`${host} ${port}`, address, TTL);
  }

  #hear(key: string, value: NoticeValue | undefined): void {
    const [host = '', port = ''] = key.split(' ');
    const winner = typeof value === 'string' ? inetAddr(value, Number(port)) : undefined;
    if (winner === undefined) return;
    const known = this.#memo.get(host, winner.port);
    if (known === undefined) this.#memo.set(host, { port: winner.port, resolution: UNKNOWN, remotes: [winner] });
    else if (known.resolution !== undefined) {
      this.#memo.set(host, { ...known, remotes: withFirst(known.remotes, winner) });
    }
  }
}
