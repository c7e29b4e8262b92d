import { expectEqual, expectTrue } from './expect.ts';
import type { FuzzTarget } from './target.ts';
import { decodeChunks } from '../../../packages/http-proxy/test-support/chunks.ts';

const WORDS = [
  '0\r\n', '0\r\n\r\n', '\r\n', '\n', '\r', '1\r\na\r\n', '5;a=b\r\nhello\r\n', ';a', '="', '"', '\\"', ';', ' ', '\t', 'ffffffff', '00000000', 'A', 'x', '\0',
]; // prettier-ignore

/** The first byte says how the body is read, the second where it is cut. */
export const chunkedBodies: FuzzTarget = {
  name: 'chunked-bodies',
  covers: /http-proxy\/src\/message\/(?:body|bytes|repairs)/,
  words: WORDS,
  longest: 512,
  run: (input) => {
    const [flags = 0, cut = 0] = input;
    const bytes = input.subarray(2);
    const tolerant = (flags & 1) !== 0;
    const whole = decodeChunks(bytes, [], tolerant);
    expectEqual('cut once', decodeChunks(bytes, [cut / 256], tolerant), whole);
    expectEqual('byte by byte', decodeChunks(bytes, 'everywhere', tolerant), whole);
    if (whole.end !== 'last') return;
    expectTrue('a strict reader mends', tolerant || whole.repaired === undefined);
    if (!tolerant) expectEqual('with tolerance', decodeChunks(bytes, [], true), whole);
    const { length } = whole.content;
    const written = `${length === 0 ? '' : `${length.toString(16)}\r\n${whole.content}\r\n`}0\r\n`;
    const again = decodeChunks(Buffer.from(written, 'latin1'));
    expectEqual('written anew', [again.content, again.end, again.rest], [whole.content, 'last', 0]);
  },
};
