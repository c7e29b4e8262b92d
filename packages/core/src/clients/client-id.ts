let lastId = 0;

/** A number for a client connection, unique in this process. */
export function nextClientId(): number {
  return ++lastId;
}
