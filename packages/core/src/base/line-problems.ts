/** Something that is wrong in a line of a file. */
export interface LineProblem {
  /** Counts from 1. */
  readonly line: number;
  readonly message: string;
}

/** The problems that are reported of one file. */
const MOST_REPORTED = 10;
/** The longest entry that a message quotes. */
const LONGEST_QUOTE = 64;

/** What is wrong in a file that is read line by line. */
export class LineProblems {
  readonly #first: LineProblem[] = [];
  #count = 0;

  /** The first few. `count` counts all. */
  get first(): readonly LineProblem[] {
    return this.#first;
  }

  get count(): number {
    return this.#count;
  }

  add(line: number, message: string): void {
    this.#count += 1;
    if (this.#first.length < MOST_REPORTED) this.#first.push({ line, message });
  }
}

/** Whether a message may quote what a file says: it is short, and printable ASCII. */
export function isQuotable(entry: string): boolean {
  return entry.length <= LONGEST_QUOTE && /^[\x20-\x7e]+$/.test(entry);
}
