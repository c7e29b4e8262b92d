import type { LinkedListElement } from '../../base/linked-list.ts';

/**
 * The place of a connection among the idle ones of all servers, in the order in which they were used. The connection's own links are those of
 * the list of its group.
 */
export class IdlePlace<T> implements LinkedListElement<IdlePlace<T>> {
  list: object | undefined = undefined;
  older: IdlePlace<T> | undefined = undefined;
  newer: IdlePlace<T> | undefined = undefined;
  readonly server: T;

  constructor(server: T) {
    this.server = server;
  }
}
