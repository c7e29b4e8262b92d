/** Why a request to the admin API fails, as RFC 9457 has it. */
export interface Problem {
  /** The status of the response. */
  readonly status: number;
  /** The same for every problem of this kind. */
  readonly title: string;
  /** What is wrong this time, and what to do. */
  readonly detail?: string;
  /** The key of the configuration that is to blame. */
  readonly setting?: string;
  /** What is wrong with a configuration, one line each. */
  readonly problems?: readonly string[];
}

/** A {@link Problem} that is thrown. Whatever else is thrown becomes a 500. */
export class AdminError extends Error {
  readonly problem: Problem;
  /** Seconds after which it makes sense to ask again. */
  readonly retryAfter: number | undefined;

  constructor(problem: Problem, retryAfter?: number) {
    super(problem.detail ?? problem.title);
    this.name = 'AdminError';
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

/** The media type of a problem. */
export const PROBLEM_JSON = 'application/problem+json';
