/** A complete answer of the proxy itself, for whatever protocol the client speaks. */
export interface OwnAnswer {
  readonly status: number;
  readonly reason: string;
  /** Names and values, `Date` and what the connection wants left out. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}
