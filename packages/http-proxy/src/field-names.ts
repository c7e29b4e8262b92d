import { equalsLower } from './octets.ts';
import { findColon, wordsOf } from './words.ts';

/** What the proxy does with a field that it knows, by message. Flags. */
export const Treat = {
  /** Hop-by-hop, or the proxy's own to write: never copied to the other side. */
  stopsInRequest: 1,
  stopsInResponse: 2,
  /** Frames, routes or authorises; or is a content field that a trailer must not set (RFC 9110 section 6.5.1). */
  notInTrailer: 4,
  /** Says who the client is: dropped in reverse mode, where the proxy itself says it. */
  clientIdentity: 8,
  /** A `Connection` field must not name it. */
  notNominated: 16,
  /** Spelt with "_" it is taken for the same field by CGI-style servers: such a spelling is refused. */
  guarded: 32,
} as const;

const both = Treat.stopsInRequest | Treat.stopsInResponse;
const framing = both | Treat.notInTrailer | Treat.notNominated | Treat.guarded;
const hop = both | Treat.notInTrailer;
const identity = Treat.clientIdentity | Treat.notInTrailer | Treat.guarded;
const content = Treat.notInTrailer;

/** Names that mean something to the proxy, in lower case. The position is the field's id; 0 is every other field. */
const KNOWN: readonly (readonly [name: string, treat: number])[] = [
  ['', 0],
  ['host', Treat.stopsInRequest | Treat.notInTrailer | Treat.notNominated | Treat.guarded],
  ['content-length', framing],
  ['transfer-encoding', framing],
  ['connection', hop | Treat.guarded],
  ['keep-alive', hop],
  ['proxy-connection', hop],
  ['te', hop],
  ['trailer', Treat.notInTrailer],
  ['upgrade', hop],
  ['proxy-authorization', hop | Treat.guarded],
  ['proxy-authenticate', hop],
  ['proxy-authentication-info', hop],
  ['via', Treat.notInTrailer],
  ['expect', Treat.notInTrailer],
  ['max-forwards', Treat.notInTrailer | Treat.notNominated],
  ['date', content],
  ['proxy', Treat.stopsInRequest | Treat.notInTrailer],
  ['http2-settings', hop],
  ['sec-websocket-key', content],
  ['x-forwarded-for', identity],
  ['x-forwarded-host', identity],
  ['x-forwarded-proto', identity],
  ['x-forwarded-port', identity],
  ['x-forwarded-server', identity],
  ['x-forwarded-by', identity],
  ['x-forwarded-prefix', identity],
  ['forwarded', identity],
  ['x-real-ip', identity],
  ['x-client-ip', identity],
  ['true-client-ip', identity],
  ['cf-connecting-ip', identity],
  ['x-cluster-client-ip', identity],
  ['x-original-forwarded-for', identity],
  ['authorization', content | Treat.notNominated | Treat.guarded],
  ['cookie', content],
  ['set-cookie', content],
  ['content-type', content],
  ['content-encoding', content],
  ['content-range', content],
  ['content-location', content],
  ['content-disposition', content],
  ['cache-control', content],
  ['expires', content],
  ['age', content],
  ['pragma', content],
  ['vary', content],
  ['warning', content],
  ['location', content],
  ['retry-after', content],
  ['range', content],
  ['www-authenticate', content],
  ['authentication-info', content],
  ['proxy-status', content],
  ['if-match', content],
  ['if-none-match', content],
  ['if-modified-since', content],
  ['if-unmodified-since', content],
  ['if-range', content],
  ['accept', content],
  ['accept-encoding', content],
];

/** Names that most messages have and that mean nothing to the proxy: knowing them saves reading them octet by octet. */
const COMMON: readonly string[] = [
  'accept-language', 'accept-ranges', 'access-control-allow-credentials', 'access-control-allow-headers',
  'access-control-allow-methods', 'access-control-allow-origin', 'access-control-expose-headers', 'access-control-max-age',
  'access-control-request-headers', 'access-control-request-method', 'alt-svc', 'content-language',
  'content-security-policy', 'cross-origin-resource-policy', 'etag', 'from', 'last-modified', 'link', 'origin',
  'permissions-policy', 'priority', 'referer', 'referrer-policy', 'sec-ch-ua', 'sec-ch-ua-mobile', 'sec-ch-ua-platform',
  'sec-fetch-dest', 'sec-fetch-mode', 'sec-fetch-site', 'sec-fetch-user', 'sec-gpc', 'sec-websocket-extensions',
  'sec-websocket-version', 'server', 'server-timing', 'strict-transport-security', 'timing-allow-origin',
  'upgrade-insecure-requests', 'user-agent', 'x-cache', 'x-content-type-options', 'x-frame-options', 'x-powered-by',
  'x-request-id', 'x-requested-with', 'x-xss-protection',
]; // prettier-ignore

function idOf(name: string): number {
  const id = KNOWN.findIndex(([known]) => known === name);
  if (id < 0) throw new Error(`${name} is not in the table of known fields`);
  return id;
}

/** Ids of the fields that code asks for by name. */
export const Field = {
  other: 0,
  host: idOf('host'),
  contentLength: idOf('content-length'),
  transferEncoding: idOf('transfer-encoding'),
  connection: idOf('connection'),
  proxyConnection: idOf('proxy-connection'),
  upgrade: idOf('upgrade'),
  via: idOf('via'),
  expect: idOf('expect'),
  maxForwards: idOf('max-forwards'),
  date: idOf('date'),
  secWebSocketKey: idOf('sec-websocket-key'),
  xForwardedFor: idOf('x-forwarded-for'),
  accept: idOf('accept'),
} as const;

const TREATMENT = Uint8Array.from([...KNOWN.map(([, treat]) => treat), ...COMMON.map(() => 0)]);
const NAMES: readonly Uint8Array[] = [...KNOWN.map(([name]) => name), ...COMMON].map((name) =>
  Buffer.from(name, 'latin1'),
);
const LENGTHS = Uint8Array.from(NAMES, (name) => name.length);
const longest = Math.max(...LENGTHS);

/**
 * Ids by a hash of the name, open addressing: nearly always one comparison for a name that is known, and none for one
 * that is not.
 */
const TABLE = new Uint8Array(1024);
for (let id = 1; id < NAMES.length; id++) {
  const name = NAMES[id]!;
  let place = placeOf(name, 0, name.length);
  while (TABLE[place] !== 0) place = (place + 1) & 1023;
  TABLE[place] = id;
}

/** Length, first, middle and last octet tell the known names apart. */
function placeOf(octets: Uint8Array, start: number, end: number): number {
  const middle = octets[start + ((end - start) >> 1)]! | 0x20;
  return ((end - start) * 67 + (octets[start]! | 0x20) * 5 + (octets[end - 1]! | 0x20) * 11 + middle * 31) & 1023;
}

/** The id of the field name in `octets[start..end)`, without regard to case; 0 when it is none of ours. */
export function fieldId(octets: Uint8Array, start: number, end: number): number {
  if (end - start > longest) return Field.other;
  let place = placeOf(octets, start, end);
  for (;;) {
    const id = TABLE[place]!;
    if (id === 0 || equalsLower(octets, start, end, NAMES[id]!)) return id;
    place = (place + 1) & 1023;
  }
}

/**
 * The names in words (see `words.ts`), for a comparison without regard to case: for each word the bit of ASCII case
 * where a letter is, then the word in lower case. The last word of a name ends where the name does, and may begin
 * within the word before it.
 */
const CASE_AND_WORD = new Int32Array(NAMES.reduce((sum, name) => sum + 2 * Math.ceil(name.length / 4), 0));
/** Where a name's words begin. */
const WORDS_AT = new Uint16Array(NAMES.length);
fillWords();

function fillWords(): void {
  let at = 0;
  for (const [id, name] of NAMES.entries()) {
    WORDS_AT[id] = at;
    if (name.length < 4) continue;
    const cases = wordsOf(name.map((octet) => (octet >= 0x61 && octet <= 0x7a ? 0x20 : 0)));
    const inCase = Array.from(wordPositions(name.length), (position) => cases.getInt32(position, true));
    const words = wordsOf(name);
    for (const [index, position] of wordPositions(name.length).entries()) {
      CASE_AND_WORD[at++] = inCase[index]!;
      CASE_AND_WORD[at++] = words.getInt32(position, true);
    }
  }
}

function wordPositions(length: number): number[] {
  return Array.from({ length: Math.ceil(length / 4) }, (_, index) => Math.min(index * 4, length - 4));
}

/**
 * The id of the field name that begins at `start` and that a colon follows, if it is a known one of at least four
 * octets; else 0, and then nothing is known about it.
 */
export function knownNameAt(octets: Uint8Array, words: DataView, start: number, stop: number): number {
  const end = findColon(words, start, stop < start + longest + 4 ? stop : start + longest + 4);
  if (end < start + 4) return Field.other;
  const id = TABLE[placeOf(octets, start, end)]!;
  if (LENGTHS[id] !== end - start) return Field.other;
  const last = end - 4;
  let entry = WORDS_AT[id]!;
  for (let at = start; ; at += 4) {
    if (at > last) at = last;
    if ((words.getInt32(at, true) | CASE_AND_WORD[entry]!) !== CASE_AND_WORD[entry + 1]!) return Field.other;
    if (at === last) return id;
    entry += 2;
  }
}

/** Octets of a known name. */
export function lengthOfName(id: number): number {
  return LENGTHS[id]!;
}

/** Where the treatment stands in the marks of a field, above its id. */
export const TREAT_SHIFT = 8;

/** The id of a field name and how it is treated, in one number. */
export function marksOfName(octets: Uint8Array, start: number, end: number): number {
  return marksOfId(fieldId(octets, start, end));
}

/** The same for a known name. */
export function marksOfId(id: number): number {
  return id | (TREATMENT[id]! << TREAT_SHIFT);
}

export function treatmentOf(id: number): number {
  return TREATMENT[id]!;
}

/**
 * Whether a name with underscores is a guarded name to a server that reads "_" as "-" (CGI, WSGI and their kin):
 * `X_Forwarded_For`, `Transfer_Encoding`.
 */
export function isAlias(octets: Uint8Array, start: number, end: number): boolean {
  const dashed = Buffer.from(octets.subarray(start, end));
  for (let i = 0; i < dashed.length; i++) if (dashed[i] === 0x5f) dashed[i] = 0x2d;
  return (treatmentOf(fieldId(dashed, 0, dashed.length)) & Treat.guarded) !== 0;
}
