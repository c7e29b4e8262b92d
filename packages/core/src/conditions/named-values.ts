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

/** Pairs of a `Cookie` field, in which a `;` within quotes is text. */
const QUOTING_PAIRS = /(?:[^;"]|"[^"]*"|")+/g;

/**
 * The values that the `Cookie` fields of a request have for a name (RFC 6265 section 5.4), without the quotes around them, in their possible
 * readings: a `;` within quotes divides, or is text. `isWide`: also as servers have them that decode escapes, or that take `,` for a divider.
 */
export function cookieReadings(
  lines: readonly string[],
  name: string,
  isWide: boolean,
): readonly (readonly string[])[] {
  const pairs = lines.flatMap((line) => line.split(';'));
  const quoting = lines.flatMap((line) => line.match(QUOTING_PAIRS) ?? []);
  const readings = [cookieValues(pairs, name), cookieValues(quoting, name)];
  if (!isWide) return readings;
  const byComma = lines.flatMap((line) => line.split(/[;,]/));
  return [...readings, cookieValues(byComma, name), cookieValues(pairs.map(withoutEscapes), name)];
}

function cookieValues(pairs: readonly string[], name: string): string[] {
  return pairs.flatMap((pair) => {
    const [before, value] = divided(pair);
    return before.trim() === name ? [value.trim().replace(/^"(.*)"$/s, '$1')] : [];
  });
}

function divided(pair: string): readonly [name: string, value: string] {
  const equals = pair.indexOf('=');
  return equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
}

function decoded(text: string): string {
  return withoutEscapes(text.replaceAll('+', ' '));
}

/** Each byte that is escaped is a character. */
export function withoutEscapes(text: string): string {
  return text.replaceAll(/%[0-9A-Fa-f]{2}/g, (escape) => String.fromCharCode(Number.parseInt(escape.slice(1), 16)));
}
