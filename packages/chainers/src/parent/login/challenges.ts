/** One challenge of `Proxy-Authenticate` (RFC 9110 section 11.3). */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** By their names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const QUOTED = '"(?:[^"\\\\]|\\\\.)*"';
/** A parameter, a scheme, or what may stand between them. */
const PART = new RegExp(
  `[\\s,]*(?:(${TOKEN})\\s*=\\s*(${TOKEN}|${QUOTED})|(${TOKEN})(?:[ ]+(?!${TOKEN}\\s*=[^=])([A-Za-z0-9\\-._~+/]+=*))?)`,
  'y',
);

/** The challenges in the values of `Proxy-Authenticate`, in their order. What is malformed ends a value. */
export function parseChallenges(values: readonly string[]): Challenge[] {
  return values.flatMap(challengesIn);
}

function challengesIn(value: string): Challenge[] {
  const found: { scheme: string; parameters: Map<string, string> }[] = [];
  PART.lastIndex = 0;
  for (;;) {
    const [, name, written, scheme] = PART.exec(value) ?? [];
    if (scheme !== undefined) found.push({ scheme: scheme.toLowerCase(), parameters: new Map() });
    else if (name !== undefined && written !== undefined)
      found.at(-1)?.parameters.set(name.toLowerCase(), unquoted(written));
    else return found;
  }
}

function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replaceAll(/\\(.)/g, '$1') : text;
}
