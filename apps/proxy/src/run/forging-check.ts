import { forgeAddrProblem } from '@inband/core';
import type { ConfigPath, Problem } from '../config/problem/problem.ts';
import type { Config } from '../config/schema/schema.ts';
import { chooseTransport } from './transport.ts';

/**
 * What `inband check` has to say about `forgeAddr`. A transport that cannot forge addresses is an error. That whoever checks
 * lacks the privilege is a warning: the program may well run as somebody else.
 */
export class ForgingCheck {
  readonly warnings: Problem[] = [];
  readonly #setting: Config['transport'];

  constructor(setting: Config['transport']) {
    this.#setting = setting;
  }

  readonly forgeAddrProblem = (path: ConfigPath): string | undefined => {
    const chosen = chooseTransport(this.#setting);
    // That the transport itself does not work here is said when the program starts.
    if (typeof chosen === 'string') return undefined;
    const problem = forgeAddrProblem(chosen.transport);
    if (problem === undefined || chosen.transport.transparentProblem === undefined) return problem;
    this.warnings.push({ path, message: problem, warning: true });
    return undefined;
  };
}
