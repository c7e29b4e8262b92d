import { BodyTooBig, type BodyRules } from './body-reader.ts';
import { ChunkedDecoder } from './chunked-decoder.ts';
import { FAULT, HeadReader } from '../parser/head-reader.ts';
import { CR, LF } from '../bytes.ts';
import { TrailerFault, TrailerSection } from './trailer.ts';

/**
 * Checks the beginning of a chunked request body before anything of the request is sent, so that a request that is malformed in
 * `bytes[start..end)` never reaches the server. Takes nothing, because `BodyReader` reads the body anew.
 * Throws what a `BodyReader` with the same rules would.
 */
export function checkChunks(bytes: Buffer, start: number, end: number, rules: BodyRules): void {
  const decoder = new ChunkedDecoder(rules.tolerant);
  let content = 0;
  let at = start;
  while (at < end) {
    if (decoder.last) return checkTrailer(bytes, at, end, rules);
    at = decoder.advance(bytes, at, end);
    const size = Math.min(decoder.left, end - at);
    if (size === 0) continue;
    content += size;
    if (content > rules.maxBody) throw new BodyTooBig('The body is too big.');
    decoder.take(size);
    at += size;
  }
}

function checkTrailer(bytes: Buffer, start: number, end: number, { trailerLimits }: BodyRules): void {
  // Nearly all bodies have no trailer fields.
  if (bytes[start] === CR && (start + 1 === end || bytes[start + 1] === LF)) return;
  const reader = new HeadReader(new TrailerSection());
  reader.begin(trailerLimits);
  if (reader.read(bytes, start, end) !== FAULT) return;
  throw new TrailerFault(reader.head.fault);
}
