/**
 * The values that a query has for a name, in its possible readings: pairs are divided by `&`, and by `;` too where there is one, as some servers
 * do. Names and values are decoded (`+` is a space), with a character for each byte.
 */
export function queryReadings(query: string, name: string): readonly (readonly string[])[] {
  const usual = valuesOf(query.split('&'), name);
  return query.includes(';') ? [usual, valuesOf(query.split(/[&;]/), name)] : [usual];
}

function valuesOf(pairs: readonly string[], name: string): string[] {
  return pairs.flatMap((pair) => {
    const [before, value] = divided(pair);
    return decoded(before) === name ? [decoded(value)] : [];
  });
}

/** The values of a cookie in the `Cookie` fields of a request (RFC 6265 section 5.4), without the quotes around them. */
export function cookieValues(lines: readonly string[], name: string): string[] {
  return lines.flatMap((line) =>
    line.split(';').flatMap((pair) => {
      const [before, value] = divided(pair);
      return before.trim() === name ? [value.trim().replace(/^"(.*)"$/s, '$1')] : [];
    }),
  );
}

function divided(pair: string): readonly [name: string, value: string] {
  const equals = pair.indexOf('=');
  return equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
}

function decoded(text: string): string {
  return text
    .replaceAll('+', ' ')
    .replaceAll(/%[0-9A-Fa-f]{2}/g, (escape) => String.fromCharCode(Number.parseInt(escape.slice(1), 16)));
}
