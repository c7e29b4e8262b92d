/**
 * The memory in which messages are put together. The process has one, because `Connection.write` sends or copies a message before the
 * next one is put together.
 */

/** Where a head begins in the send buffer. The room before it allows moving it up to a chunk's size line. */
export const HEAD_AT = 16;

/** Bytes of body that are gathered behind a head or behind one another, to go out in one write. */
export const GATHER = 65_536;

const SLACK = 1024;

let size = HEAD_AT + 65_536 + GATHER + SLACK;
let buffer: Buffer = Buffer.allocUnsafeSlow(size);

/**
 * The send buffer, with room for `bytes` (a head, a trailer section) and {@link GATHER} bytes of body beside them.
 * What was put together so far stays in it, also when it has to grow.
 */
export function sendBuffer(bytes: number): Buffer {
  const needed = HEAD_AT + bytes + GATHER + SLACK;
  if (size >= needed) return buffer;
  const larger = Buffer.allocUnsafeSlow(needed);
  buffer.copy(larger);
  buffer = larger;
  size = needed;
  return buffer;
}
