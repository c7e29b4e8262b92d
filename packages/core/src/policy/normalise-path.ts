/** Anything that normalisation could change: an escape, a query, a segment that begins with a dot, what is no pchar. */
const NEEDS_WORK = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/]|\/\./;

/** An escape, or one character that RFC 3986 allows in no path, a "%" without its digits among them. */
const TO_WRITE_ANEW = /%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~!$&'()*+,;=:@/]/g;

/**
 * The copy of a request's path that rules and routes are matched against; what is forwarded stays byte for byte. `path`
 * has a character for each byte (latin1). The query is cut off, bytes that RFC 3986 allows in no path are written as
 * escapes ("%" that digits do not follow is `%25`), escapes of unreserved characters are decoded and other escapes written
 * in upper case, then dot segments are removed (RFC 3986 section 6.2.2). Repeated slashes stay: for the server they may be
 * another path. An empty path is `/` (section 6.2.3); what does not begin with a slash (the `*` of OPTIONS) is left as it
 * is.
 */
export function normalisePath(path: string): string {
  if (path.startsWith('/') && !NEEDS_WORK.test(path)) return path;
  const query = path.indexOf('?');
  const bare = query === -1 ? path : path.slice(0, query);
  if (bare === '') return '/';
  if (!bare.startsWith('/')) return bare;
  return removeDotSegments(bare.replace(TO_WRITE_ANEW, writeAnew));
}

function writeAnew(text: string): string {
  if (text.length === 1) return escapeOf(text.charCodeAt(0));
  const character = String.fromCharCode(Number.parseInt(text.slice(1), 16));
  return /[A-Za-z0-9\-._~]/.test(character) ? character : text.toUpperCase();
}

/** `path` with every byte escaped that RFC 3986 allows in no path, and nothing decoded or removed. */
export function escapePath(path: string): string {
  return path.replace(TO_WRITE_ANEW, (text) => (text.length === 1 ? escapeOf(text.charCodeAt(0)) : text));
}

function escapeOf(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

/** What some servers decode that is no escape: `%u002e` of IIS, to ASCII or to what is as wide as two of it. */
const UNICODE_ESCAPE = /%u(00[0-7][0-9A-Fa-f]|[Ff][Ff][0-5][0-9A-Fa-f])/g;

const ONE_READING: readonly string[] = [];

/**
 * The path as those servers read it that take "\" for "/" (parsers by the URL standard), `%u002e` for ".", or both (IIS),
 * where that is another one; none for nearly every path. A route that these readings do not share is not to be taken.
 */
export function otherReadings(path: string): readonly string[] {
  const query = path.indexOf('?');
  const bare = query === -1 ? path : path.slice(0, query);
  if (!/\\|%u/.test(bare)) return ONE_READING;
  const slashed = bare.replaceAll('\\', '/');
  const decoded = bare.replace(UNICODE_ESCAPE, readUnicodeEscape);
  const readings = new Set([slashed, decoded, decoded.replaceAll('\\', '/')]);
  readings.delete(bare);
  return [...readings];
}

/** U+FF01 to U+FF5E are "!" to "~" in another width. */
function readUnicodeEscape(text: string): string {
  const code = Number.parseInt(text.slice(2), 16);
  const ascii = code < 0x80 ? code : code - 0xfee0;
  // As an escape, so that what it stands for goes the way of every escape; only separators are read as themselves.
  return ascii === 0x2f || ascii === 0x5c ? '/' : ascii > 0 && ascii < 0x7f ? escapeOf(ascii) : text;
}

/** RFC 3986 section 5.2.4, for a path that begins with a slash. */
function removeDotSegments(path: string): string {
  const kept: string[] = [];
  const segments = path.slice(1).split('/');
  segments.forEach((segment, index) => {
    if (segment === '..') kept.pop();
    else if (segment !== '.') kept.push(segment);
    // A dot segment at the end leaves the slash before it.
    if ((segment === '.' || segment === '..') && index === segments.length - 1) kept.push('');
  });
  return `/${kept.join('/')}`;
}
