import { asText, expectEqual } from './expect.ts';
import type { FuzzTarget } from './target.ts';
import { HTTP_WORDS } from './words.ts';
import { readResponse } from '../../../packages/http-proxy/test-support/heads.ts';
import { sentResponse } from '../../../packages/http-proxy/test-support/sent.ts';

const METHODS = ['GET', 'HEAD', 'CONNECT', 'POST'] as const;

/** The first byte says how the head is read and what it answers, the second where it is cut. */
export const responseHeads: FuzzTarget = {
  name: 'response-heads',
  covers: /http-proxy\/src\/message\//,
  words: HTTP_WORDS,
  longest: 1024,
  run: (input) => {
    const [flags = 0, cut = 0] = input;
    const bytes = input.subarray(2);
    const strict = (flags & 1) !== 0;
    const method = METHODS[(flags >> 1) % METHODS.length] ?? 'GET';
    const whole = readResponse(bytes, { strict, method });
    expectEqual('cut once', readResponse(bytes, { strict, method, cuts: [cut / 256] }), whole);
    expectEqual('byte by byte', readResponse(bytes, { strict, method, cuts: 'everywhere' }), whole);
    if (whole.kind !== 'complete') return;
    const before = whole.head as Record<string, unknown>;
    // Nobody has asked for another protocol here, and so such an answer is not sent on.
    if (before.status === 101) return;
    const sent = sentResponse(bytes.subarray(0, bytes.length - whole.rest), method, strict);
    const again = readResponse(sent, { strict: true, method });
    if (again.kind !== 'complete')
      throw new Error(`what is sent on is refused: ${asText(sent)}: ${JSON.stringify(again)}`);
    expectEqual('bytes behind what is sent on', again.rest, 0);
    const after = again.head as Record<string, unknown>;
    expectEqual('repairs of what is sent on', after.repaired, []);
    expectEqual('what is sent on', [after.status, after.framing], [before.status, before.framing]);
    // Where there is no body, a length is said only where it is that of another answer (RFC 9110 section 8.6).
    if (before.framing === 'length') expectEqual('its length', after.contentLength, before.contentLength);
  },
};
