import { forgeAddrProblem } from '@inband/core';
import type { ConfigPath, Problem } from '../config/problem/problem.ts';
import type { Config } from '../config/schema/schema.ts';
import { chooseTransport } from './transport.ts';

/**
 * Checks `forgeAddr` for `inband check`. A transport that cannot forge addresses is an error. A missing privilege is only a
 * warning, because the program may run as another user.
 */
export class ForgingCheck {
  readonly warnings: Problem[] = [];
  readonly #setting: Config['transport'];

  constructor(setting: Config['transport']) {
    this.#setting = setting;
  }

  readonly forgeAddrProblem = (path: ConfigPath): string | undefined => {
    const chosen = chooseTransport(this.#setting);
    // A transport that does not work here is reported when the program starts.
    if (typeof chosen === 'string') return undefined;
    const problem = forgeAddrProblem(chosen.transport);
    if (problem === undefined || chosen.transport.transparentProblem === undefined) return problem;
    this.warnings.push({ path, message: problem, warning: true });
    return undefined;
  };
}
