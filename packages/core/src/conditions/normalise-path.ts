/** Matches what normalisation could change: an escape, a query, a segment that begins with a dot, a character that is no pchar. */
const NEEDS_NORMALISING = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/]|\/\./;

/** Matches an escape, or one character that RFC 3986 allows in no path, such as a "%" without two hexadecimal digits. */
const ESCAPE_OR_INVALID = /%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~!$&'()*+,;=:@/]/g;

/**
 * Makes the copy of a request's path that routes are matched against. The forwarded path stays byte for byte. `path` has
 * a character for each byte (latin1).
 *
 * The query is cut off. Bytes that RFC 3986 allows in no path become escapes: a "%" without two digits becomes `%25`.
 * Escapes of unreserved characters are decoded, other escapes are written in upper case, then dot segments are removed
 * (RFC 3986 section 6.2.2). Repeated slashes stay, because the server may take them for another path. An empty path becomes
 * `/` (section 6.2.3). A path that does not begin with a slash stays as it is, like the `*` of OPTIONS.
 */
export function normalisePath(path: string): string {
  if (path.startsWith('/') && !NEEDS_NORMALISING.test(path)) return path;
  const query = path.indexOf('?');
  const bare = query === -1 ? path : path.slice(0, query);
  if (bare === '') return '/';
  if (!bare.startsWith('/')) return bare;
  return removeDotSegments(bare.replace(ESCAPE_OR_INVALID, normaliseEscape));
}

function normaliseEscape(text: string): string {
  if (text.length === 1) return escapeOf(text.charCodeAt(0));
  const character = String.fromCharCode(Number.parseInt(text.slice(1), 16));
  return /[A-Za-z0-9\-._~]/.test(character) ? character : text.toUpperCase();
}

/** Escapes every byte of `path` that RFC 3986 allows in no path. Nothing is decoded or removed. */
export function escapePath(path: string): string {
  return path.replace(ESCAPE_OR_INVALID, (text) => (text.length === 1 ? escapeOf(text.charCodeAt(0)) : text));
}

function escapeOf(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

/** Matches what IIS decodes although it is no escape of RFC 3986: `%u002e`, and `%uFF0E`, its full-width form. */
const UNICODE_ESCAPE = /%u(00[0-7][0-9A-Fa-f]|[Ff][Ff][0-5][0-9A-Fa-f])/g;

const NO_OTHER_READINGS: readonly string[] = [];

/**
 * The other paths that a server may read in `path`: parsers by the URL standard take "\" for "/", and IIS also takes
 * `%u002e` for ".". Empty for nearly every path. A route may be taken only if all readings lead to it.
 */
export function otherReadings(path: string): readonly string[] {
  const query = path.indexOf('?');
  const bare = query === -1 ? path : path.slice(0, query);
  if (!/\\|%u/.test(bare)) return NO_OTHER_READINGS;
  const slashed = bare.replaceAll('\\', '/');
  const decoded = bare.replace(UNICODE_ESCAPE, readUnicodeEscape);
  const readings = new Set([slashed, decoded, decoded.replaceAll('\\', '/')]);
  readings.delete(bare);
  return [...readings];
}

/** U+FF01 to U+FF5E are the full-width forms of "!" to "~". */
function readUnicodeEscape(text: string): string {
  const code = Number.parseInt(text.slice(2), 16);
  const ascii = code < 0x80 ? code : code - 0xfee0;
  // The result is an escape, so that it is normalised like every other escape. Only separators are decoded here.
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
