import { queuedBytes } from '../../../limits/queued/queued-bytes.ts';
import { EAGAIN } from '../system/errno-names.ts';
import type { System } from '../system/system.ts';

/** Bytes of the blocks that short writes share. */
const BLOCK = 16 * 1024;

/** Copies of the bytes that the kernel had no room for, in order. Empty, it holds no memory. */
export class SendQueue {
  readonly #chunks: Chunk[] = [];
  /** Bytes in it. */
  length = 0;

  append(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    const last = this.#chunks.at(-1);
    if (last !== undefined) {
      const room = Math.min(last.memory.length - last.end, end - at);
      copy(bytes, at, at + room, last.memory, last.end);
      last.end += room;
      at += room;
    }
    if (at < end) {
      const memory = Buffer.allocUnsafeSlow(Math.max(end - at, BLOCK));
      copy(bytes, at, end, memory, 0);
      this.#chunks.push({ memory, start: 0, end: end - at });
    }
    this.length += end - start;
    queuedBytes.add(end - start);
  }

  /**
   * Sends as much as the kernel takes. Returns 0 when all of it has left, or a negated errno, which is EAGAIN when the kernel
   * took only a part.
   */
  drain(system: Pick<System, 'send'>, descriptor: number): number {
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      const sent = system.send(descriptor, chunk.memory, chunk.start, chunk.end);
      if (sent < 0) return sent;
      this.length -= sent;
      queuedBytes.add(-sent);
      chunk.start += sent;
      if (chunk.start < chunk.end) return -EAGAIN;
      this.#chunks.shift();
    }
    return 0;
  }

  clear(): void {
    this.#chunks.length = 0;
    queuedBytes.add(-this.length);
    this.length = 0;
  }
}

interface Chunk {
  readonly memory: Buffer;
  start: number;
  end: number;
}

function copy(bytes: Uint8Array, start: number, end: number, into: Buffer, at: number): void {
  // Works on any Uint8Array and spares the view that `set` would need.
  Buffer.prototype.copy.call(bytes, into, at, start, end);
}
