/** An element of a {@link LinkedList}: it holds its own links, so that adding and removing one allocates nothing. */
export interface LinkedListElement<T> {
  /** The list that it is in; undefined while it is in none. */
  list: object | undefined;
  older: T | undefined;
  newer: T | undefined;
}

/**
 * A doubly linked list in the order of insertion. Adding and removing take constant time. For what comes and goes with each connection, in place
 * of a `Set`: a table of V8 that has become too small refers to its successor and keeps what was in it. Once such a table is in the old
 * generation, each scavenge keeps all later ones, with every element that was in one of them, until the next full collection.
 */
export class LinkedList<T extends LinkedListElement<T>> implements Iterable<T> {
  newest: T | undefined = undefined;
  oldest: T | undefined = undefined;
  size = 0;

  add(element: T): void {
    element.list = this;
    element.older = this.newest;
    if (this.newest === undefined) this.oldest = element;
    else this.newest.newer = element;
    this.newest = element;
    this.size += 1;
  }

  /** The element must be in this list. */
  remove(element: T): void {
    if (element.older === undefined) this.oldest = element.newer;
    else element.older.newer = element.newer;
    if (element.newer === undefined) this.newest = element.older;
    else element.newer.older = element.older;
    element.list = undefined;
    element.older = undefined;
    element.newer = undefined;
    this.size -= 1;
  }

  /** Gives those that are in the list now, from the oldest on, except those that leave it before their turn. */
  *[Symbol.iterator](): Generator<T> {
    const elements: T[] = [];
    for (let next = this.oldest; next !== undefined; next = next.newer) elements.push(next);
    for (const element of elements) if (element.list === this) yield element;
  }
}
