import type { Counted, Placed, Leased, Rate } from '@inband/core';

/** What a process says of itself and asks for: one call of a `Lender`. */
export type LendCall =
  | {
      readonly is: 'lease';
      readonly bucket: string;
      readonly rate: Rate;
      readonly owed: number;
      readonly wanted: number;
    }
  | { readonly is: 'hold'; readonly key: string; readonly most: number; readonly held: number; readonly wanted: number }
  | {
      readonly is: 'count';
      readonly key: string;
      readonly most: number;
      readonly used: number;
      readonly wanted: number;
      readonly of?: number | undefined;
    };

/** With a number by which it is answered. Numbers grow. */
export type NumberedCall = LendCall & { readonly call: number };

/** What a call is answered with. */
export type LendAnswer = Leased | Placed | Counted | undefined;

export interface NumberedAnswer {
  readonly call: number;
  readonly answer: LendAnswer;
}

/** What a worker starts with to lend from its supervisor. */
export interface Lending {
  /** Among how many processes limits divide. */
  readonly parties: number;
  readonly away: AwayPolicy;
  /** Milliseconds until an answer of the store is given up. */
  readonly deadline: number;
}

/** `store.away`. */
export type AwayPolicy = 'local' | 'open' | 'closed';
