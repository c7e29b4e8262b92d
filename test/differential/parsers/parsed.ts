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

/** One final answer as a parser has read it. */
export interface ParsedAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** Bytes that belong to it, with those of interim answers before it. */
  readonly length: number;
}

/** All that a parser made of what a client got. */
export interface ParsedAnswers {
  readonly answers: readonly ParsedAnswer[];
  /** Why it stopped before the end; undefined when every byte belongs to an answer that is whole. */
  readonly error: string | undefined;
}
