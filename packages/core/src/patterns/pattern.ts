/** A regular expression whose time is linear in the text: no text of a client can make it slow. */
export interface Pattern {
  /** Its groups, without the whole match. */
  readonly groups: number;
  /** Whether it matches somewhere in the text. */
  test(text: string): boolean;
  /**
   * The text with each match replaced; undefined without one. `replacement` gets the groups of a match, the whole one first, and the empty
   * text for a group that took no part. Throws a RangeError where it matches so often in a long text that it would take long.
   */
  replace(text: string, replacement: (groups: readonly string[]) => string): string | undefined;
}

/** Reads a pattern. Throws for one that is wrong, or too large. */
export type CompilePattern = (source: string) => Pattern;
