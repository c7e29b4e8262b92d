import { asText, expectEqual } from './expect.ts';
import type { FuzzTarget } from './target.ts';
import { HTTP_WORDS } from './words.ts';
import { readRequest } from '../../../packages/http-proxy/test-support/heads.ts';
import { sentRequest } from '../../../packages/http-proxy/test-support/sent.ts';

const MODES = ['forward', 'reverse', 'transparent'] as const;

/** The first byte says how the head is read, the second where it is cut. */
export const requestHeads: FuzzTarget = {
  name: 'request-heads',
  covers: /http-proxy\/src\/message\//,
  words: HTTP_WORDS,
  longest: 1024,
  run: (input) => {
    const [flags = 0, cut = 0] = input;
    const bytes = input.subarray(2);
    const strict = (flags & 1) !== 0;
    const mode = MODES[(flags >> 1) % MODES.length] ?? 'forward';
    const whole = readRequest(bytes, { strict, mode });
    expectEqual('cut once', readRequest(bytes, { strict, mode, cuts: [cut / 256] }), whole);
    expectEqual('byte by byte', readRequest(bytes, { strict, mode, cuts: 'everywhere' }), whole);
    if (whole.kind !== 'complete') return;
    if (strict) expectEqual('not strictly', readRequest(bytes, { mode }), whole);
    const before = whole.head as Record<string, unknown>;
    // A tunnel has no head that is sent on.
    if (before.method === 'CONNECT') return;
    const sent = sentRequest(bytes.subarray(0, bytes.length - whole.rest), mode);
    const again = readRequest(sent, { mode: 'reverse' });
    if (again.kind !== 'complete')
      throw new Error(`what is sent on is refused: ${asText(sent)}: ${JSON.stringify(again)}`);
    expectEqual('bytes behind what is sent on', again.rest, 0);
    const { method, contentLength, chunked } = again.head as Record<string, unknown>;
    expectEqual(
      'what is sent on',
      [method, contentLength, chunked],
      [before.method, before.contentLength, before.chunked],
    );
  },
};
