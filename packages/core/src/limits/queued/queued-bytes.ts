class QueuedBytes {
  #total = 0;

  /** Bytes that wait now. */
  get total(): number {
    return this.#total;
  }

  /** So many bytes wait from now on; below zero: so many have left, or were dropped. */
  add(bytes: number): void {
    this.#total += bytes;
  }
}

/**
 * Bytes that the connections of this process were given and that have not left: they wait in memory for peers that do not keep up. The
 * transports count what they queue, which they do only for such peers, and so other connections pay nothing for it.
 */
export const queuedBytes = new QueuedBytes();

/**
 * The bytes of bodies that are kept whole in this process, for filters. They are no part of {@link queuedBytes}: its limit holds what is read until bytes
 * have left, and these leave when the rest of their body was read.
 */
export const wholeBodies = new QueuedBytes();
