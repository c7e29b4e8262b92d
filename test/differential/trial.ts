import type { Input } from './inputs/input.ts';
import type { Parsed, ParsedAnswers } from './parsers/parsed.ts';
import type { Understood } from './proxies/inband.ts';
import type { Outcome } from './wire/exchange.ts';

/** What the parsers made of one connection from Inband to the origin. */
export interface Reading {
  readonly llhttp: Parsed;
  readonly h11: Parsed;
}

/** What the parsers made of what the client got from Inband. */
export interface AnswerReading {
  readonly h11: ParsedAnswers;
  /** Of the first answer. */
  readonly llhttp: ParsedAnswers;
}

/** What became of an input at one proxy, and what it made of it. */
export interface Judged extends Outcome {
  /** The messages that it sent on; of an answer, that. Empty: it refused. */
  readonly meaning: readonly string[];
}

/** An input, and what came of it everywhere. */
export interface Trial {
  readonly input: Input;
  readonly ours: Judged;
  readonly understood: readonly Understood[];
  /** One for each connection to the origin. */
  readonly readings: readonly Reading[];
  /** Where the input is about an answer. */
  readonly answer: AnswerReading | undefined;
  /** By the names of the peers. */
  readonly peers: ReadonlyMap<string, Judged>;
}

/** Something that must not be, or, where Inband is alone, must stand in the list. */
export interface Finding {
  readonly kind:
    /** What Inband sent on is not one message for a parser. */
    | 'unparsable'
    /** It is another message than the one that Inband understood, or the parsers do not agree. */
    | 'misunderstood'
    /** Inband passes on what every peer refuses. */
    | 'accepted-alone'
    /** Inband and peers pass it on, but nobody as the same messages. */
    | 'understood-alone';
  readonly text: string;
}

export function misunderstood(text: string): Finding {
  return { kind: 'misunderstood', text };
}
