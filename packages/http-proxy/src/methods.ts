import { equalsLower, TOKEN } from './octets.ts';

/** Methods that are known by name: the standard ones and WebDAV's. Others pass too, if they are tokens. */
const KNOWN = (
  'GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY ' +
  'PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK SEARCH REPORT PURGE LINK UNLINK BDELETE'
).split(' ');

interface Candidate {
  readonly name: string;
  readonly exact: Uint8Array;
  readonly lower: Uint8Array;
}

const BY_LENGTH: readonly (readonly Candidate[])[] = Array.from({ length: 10 }, (_, length) =>
  KNOWN.filter((name) => name.length === length).map((name) => ({
    name,
    exact: Buffer.from(name, 'latin1'),
    lower: Buffer.from(name.toLowerCase(), 'latin1'),
  })),
);

/**
 * What a method looks like that has octets of another message in front of it (`XGET`): the length of a body was
 * disputed somewhere, and the rest of it is taken for the beginning of a request.
 */
const GLUED = /.(?:GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH)$/;

/**
 * The method in `octets[start..end)`. Undefined when it is not a token, or is a known one in the wrong case: methods
 * are case-sensitive (RFC 9110 section 9.1), and a server that folds them would take `connect` for `CONNECT`. Undefined
 * too when it is a standard method with something glued to its front.
 */
export function parseMethod(octets: Buffer, start: number, end: number): string | undefined {
  if (end - start === 3 && octets[start] === 0x47 && octets[start + 1] === 0x45 && octets[start + 2] === 0x54)
    return 'GET';
  const candidates = BY_LENGTH[end - start];
  if (candidates !== undefined) {
    for (const candidate of candidates) {
      if (!equalsLower(octets, start, end, candidate.lower)) continue;
      for (let i = 0; i < candidate.exact.length; i++) if (octets[start + i] !== candidate.exact[i]) return undefined;
      return candidate.name;
    }
  }
  if (end <= start) return undefined;
  for (let i = start; i < end; i++) if (TOKEN[octets[i]!] === 0) return undefined;
  const method = octets.toString('latin1', start, end);
  return GLUED.test(method) ? undefined : method;
}

/** RFC 9110 section 9.2.2: a second try has the effect of one. */
export function isIdempotent(method: string): boolean {
  switch (method) {
    case 'GET':
    case 'HEAD':
    case 'OPTIONS':
    case 'PUT':
    case 'DELETE':
    case 'TRACE':
    case 'QUERY':
    case 'PROPFIND':
    case 'REPORT':
    case 'SEARCH':
      return true;
    default:
      return false;
  }
}
