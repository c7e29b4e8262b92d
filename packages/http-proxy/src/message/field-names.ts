import { equalsLower, LOOKALIKE, TOKEN } from './bytes.ts';
import { findColon } from './words.ts';

/** What the proxy does with a field that it knows, by message. Flags. */
export const Treat = {
  /** Hop-by-hop, or written by the proxy itself. Never copied to the other side. */
  stopsInRequest: 1,
  stopsInResponse: 2,
  /** Frames, routes or authorises, or is a content field that a trailer must not set (RFC 9110 section 6.5.1). */
  notInTrailer: 4,
  /** Says who the client is or what it asked for. Dropped where the proxy itself says it (`http.forwarded`). */
  clientIdentity: 8,
  /** A `Connection` field must not name it. */
  notNominated: 16,
  /** CGI-style servers take a spelling with "_" for the same field. A field with such a spelling is dropped. */
  guarded: 32,
  /** Says of which trace the request is a part. Dropped where the proxy itself says it (`tracing`). */
  traceContext: 128,
  /** Frames or routes the message. Such a spelling of it is refused, because a server that heeds it sees another message. */
  frames: 64,
} as const;

const both = Treat.stopsInRequest | Treat.stopsInResponse;
const framing = both | Treat.notInTrailer | Treat.notNominated | Treat.guarded | Treat.frames;
const hop = both | Treat.notInTrailer;
const claim = Treat.clientIdentity | Treat.notInTrailer | Treat.guarded | Treat.notNominated;
const content = Treat.notInTrailer;
/** Without it the message would say something else. */
const meaning = content | Treat.notNominated;
const credentials = meaning | Treat.guarded;

/** Names that mean something to the proxy, in lower case. The position is the field's id; 0 is every other field. */
const KNOWN: readonly (readonly [name: string, treat: number])[] = [
  ['', 0],
  ['host', Treat.stopsInRequest | Treat.notInTrailer | Treat.notNominated | Treat.guarded | Treat.frames],
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
  ['via', meaning],
  ['expect', Treat.notInTrailer],
  ['max-forwards', Treat.notInTrailer | Treat.notNominated],
  ['date', content],
  ['proxy', Treat.stopsInRequest | Treat.notInTrailer],
  ['http2-settings', hop],
  ['sec-websocket-key', content],
  ['x-forwarded-for', claim],
  ['x-forwarded-host', claim],
  ['x-forwarded-proto', claim],
  ['x-forwarded-port', claim],
  ['x-forwarded-server', claim],
  ['x-forwarded-by', claim],
  ['x-forwarded-prefix', claim],
  ['forwarded', claim],
  ['x-real-ip', claim],
  ['x-client-ip', claim],
  ['true-client-ip', claim],
  ['cf-connecting-ip', claim],
  ['x-cluster-client-ip', claim],
  ['x-original-forwarded-for', claim],
  ['authorization', credentials],
  ['cookie', meaning],
  ['set-cookie', content],
  ['content-type', meaning],
  ['content-encoding', meaning],
  ['content-range', meaning],
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
  ['range', meaning],
  ['www-authenticate', content],
  ['persistent-auth', content],
  ['authentication-info', content],
  ['proxy-status', content],
  ['if-match', meaning],
  ['if-none-match', meaning],
  ['if-modified-since', meaning],
  ['if-unmodified-since', meaning],
  ['if-range', meaning],
  ['accept', content],
  ['accept-encoding', content],
  ['traceparent', Treat.traceContext],
  ['tracestate', Treat.traceContext],
];

/** Frequent names that mean nothing to the proxy. They are known so that they need not be read byte by byte. */
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

/**
 * More claims about the client, its address, scheme, host, path or login, which a server may believe because proxies before
 * it write such fields. They are read byte by byte, because they are rare. What a client asks the server itself to do is no claim
 * (`X-HTTP-Method-Override`).
 */
const RARE_CLAIMS: readonly string[] = [
  // its address
  'client-ip', 'x-forwarded', 'forwarded-for', 'x-remote-ip', 'x-remote-addr', 'x-originating-ip', 'x-proxyuser-ip',
  'proxy-client-ip', 'wl-proxy-client-ip', 'fastly-client-ip', 'fly-client-ip', 'do-connecting-ip', 'cf-connecting-ipv6',
  'cf-pseudo-ipv4', 'cloudfront-viewer-address', 'incap-client-ip', 'x-appengine-user-ip', 'x-azure-clientip',
  'x-azure-socketip', 'x-envoy-external-address', 'x-nf-client-connection-ip', 'x-sucuri-clientip',
  'x-vercel-forwarded-for',
  // the scheme
  'x-forwarded-ssl', 'x-forwarded-scheme', 'x-forwarded-protocol', 'front-end-https', 'x-url-scheme', 'x-scheme',
  'x-original-proto', 'x-arr-ssl', 'cf-visitor', 'cloudfront-forwarded-proto',
  // the host
  'x-original-host', 'x-host', 'x-http-host-override', 'x-envoy-original-host',
  // path and method
  'x-original-url', 'x-rewrite-url', 'x-original-uri', 'x-original-method', 'x-forwarded-path', 'x-forwarded-uri',
  'x-forwarded-url', 'x-forwarded-method', 'x-envoy-original-path', 'x-script-name',
  // its login
  'x-forwarded-user', 'x-forwarded-email', 'x-forwarded-groups', 'x-forwarded-preferred-username',
  'x-forwarded-access-token', 'x-forwarded-client-cert', 'x-forwarded-tls-client-cert',
  'x-forwarded-tls-client-cert-info', 'x-ssl-client-cert', 'x-ssl-client-verify', 'x-arr-clientcert',
]; // prettier-ignore

/** Names that are found by their words, in lower case, by id; the others follow. */
export const knownNames: readonly string[] = [...KNOWN.map(([name]) => name), ...COMMON];

function idOf(name: string): number {
  const id = knownNames.indexOf(name);
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
  proxyAuthenticate: idOf('proxy-authenticate'),
  proxyAuthorization: idOf('proxy-authorization'),
  te: idOf('te'),
  trailer: idOf('trailer'),
  upgrade: idOf('upgrade'),
  via: idOf('via'),
  expect: idOf('expect'),
  maxForwards: idOf('max-forwards'),
  date: idOf('date'),
  secWebSocketKey: idOf('sec-websocket-key'),
  xForwardedFor: idOf('x-forwarded-for'),
  xForwardedProto: idOf('x-forwarded-proto'),
  forwarded: idOf('forwarded'),
  accept: idOf('accept'),
  referer: idOf('referer'),
  userAgent: idOf('user-agent'),
  authorization: idOf('authorization'),
  cookie: idOf('cookie'),
  keepAlive: idOf('keep-alive'),
  wwwAuthenticate: idOf('www-authenticate'),
  persistentAuth: idOf('persistent-auth'),
  traceparent: idOf('traceparent'),
  tracestate: idOf('tracestate'),
} as const;

const TREATMENT = Uint8Array.from([
  ...KNOWN.map(([, treat]) => treat),
  ...COMMON.map(() => 0),
  ...RARE_CLAIMS.map(() => claim),
]);
const NAMES: readonly Uint8Array[] = [...knownNames, ...RARE_CLAIMS].map((name) => Buffer.from(name, 'latin1'));
const longest = Math.max(...NAMES.map((name) => name.length));
const longestByWords = Math.max(...knownNames.map((name) => name.length));
/** Every field that claims something about the client. */
export const claims: readonly string[] = [
  ...KNOWN.filter(([, treat]) => (treat & Treat.clientIdentity) !== 0).map(([name]) => name),
  ...RARE_CLAIMS,
];
/** Where the treatment stands in the marks of a field, above its id. */
export const TREAT_SHIFT = 8;
const MARKS_OF = Int32Array.from(TREATMENT, (treat, id) => id | (treat << TREAT_SHIFT));

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

/** Length, first, middle and last byte tell the known names apart. */
function placeOf(bytes: Uint8Array, start: number, end: number): number {
  const middle = bytes[start + ((end - start) >> 1)]! | 0x20;
  return ((end - start) * 67 + (bytes[start]! | 0x20) * 5 + (bytes[end - 1]! | 0x20) * 11 + middle * 31) & 1023;
}

/** The id of the field name in `bytes[start..end)`, without regard to case. 0 when it is unknown. */
export function fieldId(bytes: Uint8Array, start: number, end: number): number {
  if (end - start > longest) return Field.other;
  let place = placeOf(bytes, start, end);
  for (;;) {
    const id = TABLE[place]!;
    if (id === 0 || equalsLower(bytes, start, end, NAMES[id]!)) return id;
    place = (place + 1) & 1023;
  }
}

/**
 * The names in words (see `words.ts`), for a comparison without regard to case: for each word the bit of ASCII case
 * where a letter is, then the word in lower case. The last word of a name ends where the name does, and may begin
 * within the word before it.
 */
const CASE_AND_WORD = new Int32Array(NAMES.reduce((sum, name) => sum + 2 * Math.ceil(name.length / 4), 0));

/** By place: where a name's words begin (upper half), its length and its id (a byte each); 0 where there is none. */
const DIRECT = new Int32Array(512);
fillWords();

function fillWords(): void {
  let at = 0;
  for (const [id, name] of NAMES.slice(0, knownNames.length).entries()) {
    if (name.length < 4) continue;
    const entry = at;
    const cases = viewOf(name.map((byte) => (byte >= 0x61 && byte <= 0x7a ? 0x20 : 0)));
    const words = viewOf(name);
    for (const position of wordPositions(name.length)) {
      CASE_AND_WORD[at++] = cases.getInt32(position, true);
      CASE_AND_WORD[at++] = words.getInt32(position, true);
    }
    const place = placeOfWords(words.getInt32(0, true), words.getInt32(name.length - 4, true), name.length);
    // The constant below tells them all apart (there is a test); one that it did not would be read byte by byte.
    if (DIRECT[place] === 0) DIRECT[place] = (entry << 16) | (name.length << 8) | id;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function wordPositions(length: number): number[] {
  return Array.from({ length: Math.ceil(length / 4) }, (_, index) => Math.min(index * 4, length - 4));
}

/** First and last word and length tell the known names apart. */
function placeOfWords(first: number, last: number, length: number): number {
  const key = (first | 0x20202020) + Math.imul(last | 0x20202020, 31) + length * 0x10001;
  return Math.imul(key, 0x9452cde1) >>> 23;
}

/**
 * The field name that begins at `start` and that a colon follows, if it is a known one of at least four bytes: its
 * length and id, for {@link lengthOfKnown} and {@link marksOfKnown}. Else 0, and then nothing is known about it.
 */
export function knownNameAt(words: DataView, start: number, stop: number): number {
  const end = findColon(words, start, stop < start + longestByWords + 4 ? stop : start + longestByWords + 4);
  const last = end - 4;
  if (last < start) return 0;
  const known = DIRECT[placeOfWords(words.getInt32(start, true), words.getInt32(last, true), end - start)]!;
  if (lengthOfKnown(known) !== end - start) return 0;
  let entry = known >>> 16;
  for (let at = start; ; at += 4) {
    if (at > last) at = last;
    if ((words.getInt32(at, true) | CASE_AND_WORD[entry]!) !== CASE_AND_WORD[entry + 1]!) return 0;
    if (at === last) return known;
    entry += 2;
  }
}

/** Bytes of a known name. */
export function lengthOfKnown(known: number): number {
  return (known >> 8) & 0xff;
}

/** The marks of a known name, like {@link marksOfName}. */
export function marksOfKnown(known: number): number {
  return MARKS_OF[known & 0xff]!;
}

/** The id of a field name and how it is treated, in one number. */
export function marksOfName(bytes: Uint8Array, start: number, end: number): number {
  return MARKS_OF[fieldId(bytes, start, end)]!;
}

export function treatmentOf(id: number): number {
  return TREATMENT[id]!;
}

/**
 * How a field is treated that this one is to servers which cannot tell "_" from "-" (CGI, WSGI and their kin; see
 * {@link LOOKALIKE}): `X_Forwarded_For`, `Transfer_Encoding`, `X.Forwarded.For`. 0 where it is none that is guarded.
 */
export function treatmentOfLookalike(bytes: Uint8Array, start: number, end: number): number {
  const dashed = Buffer.from(bytes.subarray(start, end));
  for (let i = 0; i < dashed.length; i++) if (TOKEN[dashed[i]!] === LOOKALIKE) dashed[i] = 0x2d;
  const treatment = treatmentOf(fieldId(dashed, 0, dashed.length));
  return (treatment & Treat.guarded) === 0 ? 0 : treatment;
}
