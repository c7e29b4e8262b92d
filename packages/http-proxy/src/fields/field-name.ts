/** A token (RFC 9110 section 5.6.2). */
const NAME = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;

/** What frames and routes a message, or is for one connection. The proxy writes these itself, from what it has understood. */
const OWN_NAMES: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'max-forwards',
  'proxy',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
]);

/** What is wrong with the name of a field that a configuration changes; undefined if nothing is. `name` in any case. */
export function fieldNameProblem(name: string): string | undefined {
  if (!NAME.test(name)) return "expected the name of a field: letters, digits and -._~!#$%&'*+^`|";
  const lower = name.toLowerCase();
  if (!OWN_NAMES.has(lower) && !lower.startsWith('proxy-')) return undefined;
  return `the field "${lower}" frames or routes messages, or is for one connection only, so that it cannot be changed here`;
}
