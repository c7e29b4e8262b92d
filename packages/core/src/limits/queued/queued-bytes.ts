/**
 * Bytes that the connections of this process were given and that have not left: they wait in memory for peers that do not keep up. The
 * transports count what they queue, which they do only for such peers, and so other connections pay nothing for it.
 */
class QueuedBytes {
  #total = 0;

  /** Bytes that wait now, in all connections together. */
  get total(): number {
    return this.#total;
  }

  /** For transports: so many bytes wait from now on; below zero: so many have left, or were dropped. */
  add(bytes: number): void {
    this.#total += bytes;
  }
}

/** One for the process. */
export const queuedBytes = new QueuedBytes();
