/** Something that is fed with any bytes, and what must hold whatever they are. */
export interface FuzzTarget {
  readonly name: string;
  /** Sources whose branches count. What else runs tells nothing about new inputs. */
  readonly covers: RegExp;
  /** Pieces that inputs are made of, besides bytes. Text is latin1. */
  readonly words: readonly string[];
  /** Longer inputs are not tried. */
  readonly longest: number;
  /** Throws when something does not hold. */
  run(input: Buffer): void | Promise<void>;
}
