import { ChunkedDecoder, ChunkFault } from '../src/message/body/chunked-decoder.ts';
import { repairNames } from '../src/message/repairs.ts';
import { type Cuts, eachPiece } from './bytes.ts';

export interface Decoded {
  readonly content: string;
  readonly end: 'last' | 'more' | 'fault';
  /** Bytes behind the last chunk. */
  readonly rest: number;
  readonly repaired?: readonly string[];
}

export function decodeChunks(bytes: Buffer, cuts: Cuts = [], tolerant = false): Decoded {
  const decoder = new ChunkedDecoder(tolerant);
  let content = '';
  let end = 'more' as Decoded['end'];
  let rest = bytes.length;
  eachPiece(bytes, cuts, (piece, start, stop) => {
    let at = start;
    try {
      while (at < stop && !decoder.last) {
        at = decoder.advance(piece, at, stop);
        const size = Math.min(decoder.left, stop - at);
        if (size === 0) continue;
        content += piece.toString('latin1', at, at + size);
        decoder.take(size);
        at += size;
      }
    } catch (error) {
      if (!(error instanceof ChunkFault)) throw error;
      end = 'fault';
      return false;
    }
    rest -= at - start;
    if (decoder.last) end = 'last';
    return end === 'more';
  });
  const repaired = repairNames(decoder.repairs);
  return { content, end, rest: end === 'fault' ? 0 : rest, ...(repaired !== undefined && { repaired }) };
}
