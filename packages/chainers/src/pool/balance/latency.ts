import type { Candidate, Random } from './balancer.ts';
import type { PeakLatency } from './peak-latency.ts';
import { TwoChoices } from './two-choices.ts';

/** A candidate whose answers are timed. */
export interface TimedCandidate extends Candidate {
  readonly latency: PeakLatency;
}

/** Milliseconds that count for a server of which nothing was seen yet, once it has a session: it is tried, and not flooded. */
const UNKNOWN = 100;

/** Draws two servers, and picks the one whose expected wait is shorter: its latency times its sessions. */
export class LatencyBalancer<C extends TimedCandidate> extends TwoChoices<C> {
  /** `now`: milliseconds. */
  constructor(now: () => number, random: Random = Math.random) {
    super(random, ({ latency, inFlight, weight }, more) => {
      const seen = latency.value(now());
      return ((seen > 0 || inFlight === 0 ? seen : UNKNOWN) * (inFlight + more + 1)) / weight;
    });
  }
}
