import { equalsLower, TOKEN } from './bytes.ts';

/** Frequent methods, which are found without making a string. */
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

const STANDARD = 'GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH';

/**
 * Matches a method that has bytes of another message in front of it (`XGET`). That happens when two recipients see a body of different
 * length, and the rest of it is taken for the beginning of a request.
 */
const GLUED = new RegExp(`[0-9A-Za-z](?:${STANDARD})$`);
/** The same where `http.strict` is set, whatever bytes are in front. */
const STRICTLY_GLUED = new RegExp(`.(?:${STANDARD})$`);

/**
 * Methods that end in a standard one and are valid. They are registered with IANA (PROPPATCH, ORDERPATCH), or belong to Exchange's
 * WebDAV.
 */
const NOT_GLUED: ReadonlySet<string> = new Set(['PROPPATCH', 'ORDERPATCH', 'BDELETE', 'BPROPPATCH']);

/**
 * Methods that decide where an answer ends (HEAD, CONNECT), or what may not pass (TRACE). A server that folds case would
 * take `head` for HEAD and send no body where we wait for one. So only their own spelling passes.
 */
const OWN_CASE_ONLY: ReadonlySet<string> = new Set(['HEAD', 'CONNECT', 'TRACE']);

/**
 * Begins what a client of HTTP/2 sends first: `PRI * HTTP/2.0` (RFC 9113 section 3.4). It is registered so that nobody uses it as a method
 * (RFC 7540 section 11.6), because a server that speaks both versions could take such a request for the beginning of the other one.
 */
const PREFACE = 'PRI';

/**
 * The method in `bytes[start..end)`, as it is, because methods are case-sensitive (RFC 9110 section 9.1). So `patch` is not PATCH, and
 * everything that depends on a method compares its exact case. Undefined when it is refused, because it is not a token, is HEAD, CONNECT
 * or TRACE in another case, is PRI, or is a standard method with something in front of it. `strict` refuses every known method in another
 * case.
 */
export function parseMethod(bytes: Buffer, start: number, end: number, strict: boolean): string | undefined {
  if (end - start === 3 && bytes[start] === 0x47 && bytes[start + 1] === 0x45 && bytes[start + 2] === 0x54)
    return 'GET';
  const candidates = BY_LENGTH[end - start];
  if (candidates !== undefined) {
    for (const candidate of candidates) {
      if (!equalsLower(bytes, start, end, candidate.lower)) continue;
      if (isExactly(bytes, start, candidate.exact)) return candidate.name;
      if (strict || OWN_CASE_ONLY.has(candidate.name)) return undefined;
    }
  }
  if (end <= start) return undefined;
  for (let i = start; i < end; i++) if (TOKEN[bytes[i]!] === 0) return undefined;
  const method = bytes.toString('latin1', start, end);
  if (method === PREFACE) return undefined;
  if (strict) return STRICTLY_GLUED.test(method) ? undefined : method;
  return GLUED.test(method) && !NOT_GLUED.has(method) ? undefined : method;
}

function isExactly(bytes: Buffer, start: number, exact: Uint8Array): boolean {
  for (let i = 0; i < exact.length; i++) if (bytes[start + i] !== exact[i]) return false;
  return true;
}

/** Whether a second try has the effect of one (RFC 9110 section 9.2.2). */
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
