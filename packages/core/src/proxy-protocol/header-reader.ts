import { ABSENT, MORE, type ReadHeader } from './header.ts';
import { readV1 } from './read-v1.ts';
import { LONGEST_HEADER, readV2 } from './read-v2.ts';

/** `PROXY `. */
const V1 = Buffer.from('PROXY ', 'latin1');
/** Chosen so that no other protocol begins with it. */
export const V2_SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

const NOTHING = Buffer.alloc(0);

/**
 * Reads a header of the PROXY protocol, of both versions, at any split of its bytes. Keeps what has come of one that is not complete.
 * Throws a `ProxyHeaderFault`; then it is not to be used any more.
 */
export class ProxyHeaderReader {
  /** What came in earlier calls. */
  #kept: Buffer = NOTHING;

  /** Bytes that came and are kept. */
  get kept(): Buffer {
    return this.#kept;
  }

  /**
   * Reads `bytes[start..end)`. `complete`: `rest` is where in `bytes` what follows the header begins. `absent`: what came, `kept` first, is of
   * another protocol.
   */
  read(bytes: Buffer, start: number, end: number): ReadHeader & { readonly rest: number } {
    const before = this.#kept.length;
    if (before === 0) {
      const read = readHeader(bytes, start, end);
      if (read.kind === 'more') this.#kept = Buffer.from(bytes.subarray(start, end));
      return { ...read, rest: read.kind === 'complete' ? start + read.length : start };
    }
    // No header is longer, so that more need not be copied to find its end.
    const taken = Math.min(end, start + LONGEST_HEADER);
    const all = Buffer.concat([this.#kept, bytes.subarray(start, taken)]);
    const read = readHeader(all, 0, all.length);
    if (read.kind === 'more') this.#kept = all;
    return { ...read, rest: read.kind === 'complete' ? start + read.length - before : start };
  }
}

function readHeader(bytes: Buffer, start: number, end: number): ReadHeader {
  if (start === end) return MORE;
  const signature = bytes[start] === V1[0] ? V1 : V2_SIGNATURE;
  for (let at = 0; at < signature.length && start + at < end; at += 1) {
    if (bytes[start + at] !== signature[at]) return ABSENT;
  }
  if (end - start < signature.length) return MORE;
  return signature === V1 ? readV1(bytes, start, end) : readV2(bytes, start, end);
}
