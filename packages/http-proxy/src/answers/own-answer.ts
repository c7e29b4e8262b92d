import type { OwnField } from '../fields/own-fields.ts';

/** A complete answer of the proxy itself, for whatever protocol the client speaks. */
export interface OwnAnswer {
  readonly status: number;
  readonly reason: string;
  /** Names and values, `Date` and what the connection wants left out. */
  readonly fields: readonly OwnField[];
  /** Its content, where it has some; `fields` have its length in UTF-8. Left out where the request is a HEAD. */
  readonly content?: string | Uint8Array;
}
