import { LinkedList, type LinkedListElement } from '../base/linked-list.ts';

interface Wait<Client> {
  readonly left: Set<Client>;
  readonly resolve: () => void;
}

/** The open client connections of a protocol proxy, with promises for their end. */
export class OpenClients<Client extends LinkedListElement<Client>> implements Iterable<Client> {
  readonly #open = new LinkedList<Client>();
  #waits: readonly Wait<Client>[] = [];

  get size(): number {
    return this.#open.size;
  }

  [Symbol.iterator](): Iterator<Client> {
    return this.#open[Symbol.iterator]();
  }

  add(client: Client): void {
    this.#open.add(client);
  }

  delete(client: Client): void {
    if (client.list !== this.#open) return;
    this.#open.remove(client);
    if (this.#waits.length === 0) return;
    for (const wait of this.#waits) {
      if (wait.left.delete(client) && wait.left.size === 0) wait.resolve();
    }
    this.#waits = this.#waits.filter(({ left }) => left.size > 0);
  }

  /** The connection of `client` is that of `other` from now on. Who waits for its end goes on waiting. */
  replace(client: Client, other: Client): void {
    if (client.list === this.#open) this.#open.remove(client);
    this.#open.add(other);
    for (const { left } of this.#waits) if (left.delete(client)) left.add(other);
  }

  /**
   * Resolves when all connections that are open now (or `these` of them) are closed or elsewhere, whether or not others were
   * opened since.
   */
  gone(these: Iterable<Client> = this.#open): Promise<void> {
    const left = new Set(these);
    if (left.size === 0) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waits = [...this.#waits, { left, resolve }];
    return promise;
  }
}
