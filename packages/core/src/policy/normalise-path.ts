/** Anything that normalisation could change: an escape, a query, or a segment that begins with a dot. */
const NEEDS_WORK = /[%?]|\/\./;

/**
 * The copy of a request's path that rules and routes are matched against; what is forwarded stays byte for byte. The
 * query is cut off, escapes of unreserved characters are decoded and other escapes written in upper case, then dot
 * segments are removed (RFC 3986 section 6.2.2). Repeated slashes stay: for the server they may be another path.
 * An empty path is `/` (section 6.2.3); what does not begin with a slash (the `*` of OPTIONS) is left as it is.
 */
export function normalisePath(path: string): string {
  if (path.startsWith('/') && !NEEDS_WORK.test(path)) return path;
  const query = path.indexOf('?');
  const bare = query === -1 ? path : path.slice(0, query);
  if (bare === '') return '/';
  if (!bare.startsWith('/')) return bare;
  return removeDotSegments(bare.replace(/%[0-9A-Fa-f]{2}/g, normaliseEscape));
}

function normaliseEscape(escape: string): string {
  const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
  return /[A-Za-z0-9\-._~]/.test(character) ? character : escape.toUpperCase();
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
