/** An element of an {@link IdleList}: it holds its own links, so that adding and removing one allocates nothing. */
export interface IdleListElement<T> {
  /** The list that it is in; undefined while it is in none. */
  list: object | undefined;
  older: T | undefined;
  newer: T | undefined;
}

/** A doubly linked list in the order of insertion. Adding and removing take constant time. */
export class IdleList<T extends IdleListElement<T>> {
  newest: T | undefined = undefined;
  oldest: T | undefined = undefined;

  add(element: T): void {
    element.list = this;
    element.older = this.newest;
    if (this.newest === undefined) this.oldest = element;
    else this.newest.newer = element;
    this.newest = element;
  }

  remove(element: T): void {
    if (element.older === undefined) this.oldest = element.newer;
    else element.older.newer = element.newer;
    if (element.newer === undefined) this.newest = element.older;
    else element.newer.older = element.older;
    element.list = undefined;
    element.older = undefined;
    element.newer = undefined;
  }
}
