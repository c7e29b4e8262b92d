/** The value of the first cookie with this name in the `Cookie` fields of a request (RFC 6265 section 5.4). Undefined if there is none. */
export function cookieIn(fields: readonly string[], name: string): string | undefined {
  return firstIn(fields, name, itself);
}

/**
 * What `find` gives for the first of those cookies for which it gives something. A client may have several of one name, for other paths and
 * from other hosts of its site, and nothing says whose each one is.
 */
export function firstIn<Found>(
  fields: readonly string[],
  name: string,
  find: (value: string) => Found | undefined,
): Found | undefined {
  for (const field of fields) {
    // Nearly all that have none are found so.
    if (!field.includes(name)) continue;
    for (const pair of field.split(';')) {
      const equals = pair.indexOf('=');
      if (equals < 0 || pair.slice(0, equals).trim() !== name) continue;
      const found = find(pair.slice(equals + 1).trim());
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function itself(value: string): string {
  return value;
}
