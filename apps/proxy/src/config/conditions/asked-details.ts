/** `name: value`, of a field that `inband explain` does not write itself. */
const FIELD =
  /^(?!(?:host|connection|content-length|transfer-encoding)\s*:)[!#$%&'*+.^_`|~0-9A-Za-z-]+: *[\t\u0020-\u007e]*$/i;

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?$/;

/** Whether a request can be explained with this field. What frames the request is not to be given. */
export function isField(text: string): boolean {
  return FIELD.test(text);
}

/** A time in the form of ISO 8601, in milliseconds since 1970: without a zone by the clock of this machine. Undefined if it is none. */
export function readTime(text: string): number | undefined {
  const time = TIME.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
