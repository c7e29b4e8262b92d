/** One request as a parser has read it. Text is latin1. */
export interface ParsedRequest {
  readonly method: string;
  readonly target: string;
  /** Names in lower case. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** All that a parser made of the bytes of one connection. */
export interface Parsed {
  readonly requests: readonly ParsedRequest[];
  /** Why it stopped before the end; undefined when every byte belongs to a request that is whole. */
  readonly error: string | undefined;
}
