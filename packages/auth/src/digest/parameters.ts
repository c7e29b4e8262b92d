/** Characters of the longest credentials that are looked at. */
const LONGEST = 8_192;
const SCHEME = /^digest(?: |$)/i;
/** A parameter at the beginning: its name, and a quoted text or a token (RFC 9110 section 11.2), to the next comma. */
const PARAMETER = /^[ \t]*([A-Za-z0-9*-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s",;]+))[ \t]*(?:,|$)/;

/** Whether credentials are of the scheme `Digest`. */
export function isDigest(credentials: string): boolean {
  return SCHEME.test(credentials);
}

/** The parameters of `Digest` by their names in lower case. Undefined for what is none, and where one is there twice. */
export function readParameters(credentials: string): ReadonlyMap<string, string> | undefined {
  if (credentials.length > LONGEST) return undefined;
  const parameters = new Map<string, string>();
  let rest = credentials.replace(/^digest */i, '');
  while (rest.trim() !== '') {
    const [whole = '', name = '', quoted, token = ''] = PARAMETER.exec(rest) ?? [];
    const lower = name.toLowerCase();
    if (whole === '' || parameters.has(lower)) return undefined;
    parameters.set(lower, quoted?.replace(/\\(.)/g, '$1') ?? token);
    rest = rest.slice(whole.length);
  }
  return parameters;
}
