/** The value of the first cookie with this name in the `Cookie` fields of a request (RFC 6265 section 5.4). Undefined if there is none. */
export function cookieIn(fields: readonly string[], name: string): string | undefined {
  for (const field of fields) {
    const value = valueOf(field, name);
    if (value !== undefined) return value;
  }
  return undefined;
}

function valueOf(field: string, name: string): string | undefined {
  // Nearly all that have none are found so.
  if (!field.includes(name)) return undefined;
  for (const pair of field.split(';')) {
    const equals = pair.indexOf('=');
    if (equals >= 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return undefined;
}
