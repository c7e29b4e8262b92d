/** A file of networks or hosts cannot be used as it is. */
export class ListFileError extends Error {
  /** One sentence each, with the place in the file where there is one. */
  readonly problems: readonly string[];
  /** Whether the file could not be read at all. */
  readonly unread: boolean;

  constructor(problems: readonly string[], unread = false) {
    super(problems.join('\n'));
    this.problems = problems;
    this.unread = unread;
  }
}

/** A line of such a file that is wrong. */
interface LineProblem {
  readonly line: number;
  readonly message: string;
}

/** The error of wrong lines in the file `name`: `count` in all, of which `problems` are the first. */
export function wrongLines(name: string, problems: readonly LineProblem[], count: number): ListFileError {
  const lines = problems.map(({ line, message }) => `${name}:${line}: ${message}`);
  const further = count - lines.length;
  return new ListFileError(further > 0 ? [...lines, `${name}: ${further} further lines are wrong.`] : lines);
}
