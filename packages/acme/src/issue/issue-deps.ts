import type { Clock } from '../base/clock.ts';
import type { AcmeLog } from '../base/log.ts';
import type { Solver } from '../challenges/solver.ts';
import type { AcmeClient } from '../client/acme-client.ts';

/** What it takes to get a certificate. */
export interface IssueDeps {
  readonly client: AcmeClient;
  readonly solver: Solver;
  readonly clock: Clock;
  readonly log: AcmeLog;
  /** Aborted when the program ends. */
  readonly signal: AbortSignal;
}
