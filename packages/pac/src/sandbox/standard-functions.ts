/** What the functions need beyond the engine that they run in. */
export interface Natives {
  /** The addresses of a name, none where it has none. Throws where they are not known yet. */
  readonly lookUp: (name: string) => readonly string[];
  /** The addresses of this machine, IPv4 and IPv6, without loopback. */
  readonly ownAddresses: () => readonly string[];
}

/**
 * Functions that a PAC file may call. The engine of the file evaluates their sources, so that they are interrupted as the file is, and
 * use the memory that it may use. So they may refer to nothing but `helpers`, `natives` and each other.
 */
export interface StandardFunctions {
  /** Declared functions that `make` refers to. */
  readonly helpers: readonly ((...args: never[]) => unknown)[];
  /** Returns the functions by their names. */
  readonly make: (natives: Natives) => Readonly<Record<string, (...args: unknown[]) => unknown>>;
}

/** The source of a function that is called with {@link Natives}, and makes the functions global. */
export function sourceOf({ helpers, make }: StandardFunctions): string {
  return `(natives) => {
${helpers.map(String).join('\n')}
Object.assign(globalThis, (${String(make)})(natives));
}`;
}
