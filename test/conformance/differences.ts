import type { Case, Expectation } from './cases.ts';
import type { Profile } from './settings.ts';

/** A case where ours differs on purpose. `docs/conformance.md` shows the same table, and a test keeps the two equal. */
export interface Difference {
  readonly id: string;
  /** What the file expects, in words. */
  readonly expected: string;
  /** What ours does. */
  readonly ours: string;
  /** The RFC's words. */
  readonly because: string;
  /** What the suite expects instead. */
  readonly expect: Expectation;
}

export const DIFFERENCES: readonly Difference[] = [
  {
    id: 'tr-bad-te',
    expected: 'The bytes "Transfer-Encoding: chunked" do not reach the origin.',
    ours: 'They stand in the head of the request, which is forwarded chunked; the trailer field of that name is dropped.',
    because:
      'RFC 9112 section 6.3: "If a Transfer-Encoding header field is present and the chunked transfer coding (Section 7.1) is ' +
      'the final encoding, the message body length is determined by reading and decoding the chunked data until the ' +
      'transfer coding indicates the data is complete." Without the field in the head there would be no such body.',
    expect: { kind: 'forward', mustContain: ['hello'], mustNotContain: ['\r\n0\r\nTransfer-Encoding'] },
  },
];

/** The case as the suite evaluates it, by how the proxy is configured. */
export function asJudged(oneCase: Case, profile: Profile): Case {
  const difference = DIFFERENCES.find(({ id }) => id === oneCase.id);
  if (difference !== undefined) return { ...oneCase, expect: difference.expect };
  return profile === 'usual' && oneCase.usual !== undefined ? { ...oneCase, expect: oneCase.usual } : oneCase;
}
