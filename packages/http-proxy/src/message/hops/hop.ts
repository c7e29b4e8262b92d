/** What a proxy says of whoever connected to it. */
export interface Hop {
  /** The address as it is written, with or without a port; or what stands in its place: `unknown`, `_hidden`. */
  readonly node: string;
  /** What was spoken there, in lower case; undefined where it is not said. */
  readonly scheme: string | undefined;
}
