import type { PushedFiles } from '../../../config/read/config-files.ts';
import type { ConfigInfo } from '../../config-info.ts';
import type { KeptContents } from '../stored/kept-contents.ts';
import { reasonOf, shortened } from './reason-of.ts';
import type { Candidate } from '../stored/records.ts';

export interface CandidateLookDeps {
  readonly member: string;
  readonly contents: KeptContents;
  /** Rejects if this member could not run it. */
  readonly check: (pushed: PushedFiles) => Promise<void>;
  /** {@link CandidateLook.verdict} is another one. */
  readonly changed: () => void;
}

/** Looks at what another member would have all of them run, and says whether this one could. */
export class CandidateLook {
  readonly #deps: CandidateLookDeps;
  /** The candidate that came last. */
  #candidate: string | undefined = undefined;
  #verdict: ConfigInfo['verdict'] = undefined;

  constructor(deps: CandidateLookDeps) {
    this.#deps = deps;
  }

  /** What it says of the last candidate. */
  get verdict(): ConfigInfo['verdict'] {
    return this.#verdict;
  }

  /** Never rejects. */
  async at(candidate: Candidate | undefined): Promise<void> {
    if (candidate === undefined || candidate.id === this.#candidate) return;
    // The member that pushes has looked at the candidate before it asked others.
    if (candidate.member === this.#deps.member) return;
    this.#candidate = candidate.id;
    let why: string | undefined;
    try {
      await this.#deps.check(await this.#deps.contents.filesOf(candidate.version));
    } catch (error) {
      why = shortened(reasonOf(error));
    }
    // Nobody waits for what is said of an earlier one.
    if (this.#candidate !== candidate.id) return;
    this.#verdict = { candidate: candidate.id, ...(why !== undefined && { why }) };
    this.#deps.changed();
  }
}
