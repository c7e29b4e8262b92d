/** A value, or a promise of it: the fast path (an idle connection, a cached name) costs no promise. */
export type MaybePromise<T> = T | Promise<T>;

/** Whether the value is still to come. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return value instanceof Promise;
}
