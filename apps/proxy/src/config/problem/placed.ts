import {
  ConfigError,
  formatPlaced,
  type Locate,
  type PlacedProblem,
  placeProblem,
  writtenPath,
  type Problem,
} from './problem.ts';

/** A configuration that was read: see `ConfigSource`. */
interface Source {
  readonly value: unknown;
  readonly file?: string;
  readonly locate?: Locate;
}

/** One error with all problems that are no warnings, each with its place in the source. */
export function errorsOf(source: Source, problems: readonly Problem[]): ConfigError {
  return new ConfigError(
    placed(
      source,
      problems.filter(({ warning }) => warning !== true),
    ),
  );
}

/** The warnings among problems, each with its place in the source. */
export function warningsOf(source: Source, problems: readonly Problem[]): PlacedProblem[] {
  return placed(
    source,
    problems.filter(({ warning }) => warning === true),
  );
}

/** In the order of the text of each file, without duplicates. */
export function placed(source: Source, problems: readonly Problem[]): PlacedProblem[] {
  const all = problems.map((problem) =>
    placeProblem({ ...problem, path: writtenPath(source.value, problem.path) }, source.file, source.locate),
  );
  const files = new Map([...new Set(all.map(({ file }) => file))].map((file, index) => [file, index]));
  all.sort((a, b) => {
    if (a.file !== b.file) return files.get(a.file)! - files.get(b.file)!;
    if (a.line === undefined || b.line === undefined) return 0;
    return a.line - b.line || (a.column ?? 0) - (b.column ?? 0);
  });
  return [...new Map(all.map((problem) => [formatPlaced(problem), problem])).values()];
}
