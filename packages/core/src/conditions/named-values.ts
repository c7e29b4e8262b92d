/**
 * The values that a query has for a name, in its possible readings: pairs are divided by `&`, and by `;` too where there is one, as some servers
 * do. Names and values are decoded (`+` is a space), with a character for each byte. `isWide`: also as servers have them for which `name[]` is a
 * list of that name (PHP, Rails, Express), or that leave out what PHP does.
 */
export function queryReadings(query: string, name: string, isWide: boolean): readonly (readonly string[])[] {
  const readings = [valuesOf(query.split('&'), name, decoded)];
  const byBoth = query.includes(';') ? query.split(/[&;]/) : undefined;
  if (byBoth !== undefined) readings.push(valuesOf(byBoth, name, decoded));
  if (isWide && MAY_BE_SHORT.test(query)) readings.push(valuesOf(byBoth ?? query.split('&'), name, shortName));
  return readings;
}

/** Without one of these a name is what it is. */
const MAY_BE_SHORT = /[[%+]/;

function shortName(written: string): string {
  return decoded(written)
    .replace(/^ +/, '')
    .replace(/[[\0].*$/s, '');
}

function valuesOf(pairs: readonly string[], name: string, nameOf: (written: string) => string): string[] {
  return pairs.flatMap((pair) => {
    const [before, value] = divided(pair);
    return nameOf(before) === name ? [decoded(value)] : [];
  });
}

/** Pairs of a `Cookie` field, in which a `;` within quotes is text. */
const QUOTING_PAIRS = /(?:[^;"]|"[^"]*"|")+/g;

/**
 * The values that the `Cookie` fields of a request have for a name (RFC 6265 section 5.4), without the quotes around them, in their possible
 * readings: a `;` within quotes divides, or is text. `isWide`: also as servers have them that decode escapes (within quotes those with a
 * backslash, as Python does), or that take `,` for a divider.
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
  readings.push(cookieValues(byComma, name), cookieValues(pairs.map(withoutEscapes), name));
  if (lines.some((line) => line.includes('\\'))) readings.push(cookieValues(pairs, name, withoutBackslashes));
  return readings;
}

function cookieValues(pairs: readonly string[], name: string, quoted = (text: string): string => text): string[] {
  return pairs.flatMap((pair) => {
    const [before, value] = divided(pair);
    return before.trim() === name ? [value.trim().replace(/^"(.*)"$/s, (_all, text: string) => quoted(text))] : [];
  });
}

/** `\"` is a quote, and `\141` an "a". */
function withoutBackslashes(text: string): string {
  return text.replaceAll(/\\([0-3][0-7]{2}|.)/gs, (_all, escaped: string) =>
    escaped.length === 1 ? escaped : String.fromCharCode(Number.parseInt(escaped, 8)),
  );
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
