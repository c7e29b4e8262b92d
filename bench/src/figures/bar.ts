import { valuesByRound, type Metric, type Sample } from './metrics.ts';
import { ratiosByRound, spread, type Spread } from './statistics.ts';

/** One requirement: a ratio of our figure to another one, and its limit. */
export interface Requirement {
  readonly title: string;
  readonly cases: readonly string[];
  readonly metric: Metric;
  /**
   * The peers whose figures are the divisor, or a case of our own. With several peers the worst ratio of each round
   * counts.
   */
  readonly against: { readonly peers: readonly string[] } | { readonly ownCase: string };
  readonly limit: number;
  /** The ratio must be at least the limit instead of at most, as for throughput. */
  readonly atLeast?: boolean;
}

/** The result of a requirement in one case, for one of our programs. */
export interface Evaluation {
  readonly requirement: Requirement;
  readonly ours: string;
  readonly case: string;
  /** Undefined when it was not measured in this run. */
  readonly ratio: Spread | undefined;
  readonly met: boolean | undefined;
}

const NODE_PROXIES = ['proxy-chain', 'http-proxy-3'];

/** The requirements that this project sets itself; see docs/benchmarks/README.md. */
export const BAR: readonly Requirement[] = [
  {
    title: '1, 2: processor time per request',
    cases: ['1', '2'],
    metric: 'processor',
    against: { peers: ['nginx'] },
    limit: 1,
  },
  {
    title: '1, 2: processor time per request',
    cases: ['1', '2'],
    metric: 'processor',
    against: { peers: ['haproxy'] },
    limit: 1,
  },
  {
    title: '1–6, 9: processor time per request',
    cases: ['1', '2', '3a', '3b', '4', '5', '6', '9'],
    metric: 'processor',
    against: { peers: ['squid'] },
    limit: 0.3,
  },
  {
    title: '1–6: processor time per request',
    cases: ['1', '2', '3a', '3b', '4', '5', '6'],
    metric: 'processor',
    against: { peers: NODE_PROXIES },
    limit: 0.2,
  },
  {
    title: '3: processor time per byte',
    cases: ['3a', '3b'],
    metric: 'processor',
    against: { peers: ['nginx', 'nginx-unbuffered'] },
    limit: 1.25,
  },
  {
    title: '7: processor time per GiB',
    cases: ['7'],
    metric: 'perGibibyte',
    against: { peers: ['haproxy'] },
    limit: 1.15,
  },
  {
    title: '7: throughput',
    cases: ['7'],
    metric: 'throughput',
    against: { peers: ['haproxy'] },
    limit: 0.95,
    atLeast: true,
  },
  { title: '8: memory per idle tunnel', cases: ['8'], metric: 'perTunnel', against: { peers: ['squid'] }, limit: 0.1 },
  { title: '10: added p99', cases: ['10'], metric: 'addedP99', against: { peers: ['haproxy'] }, limit: 1.5 },
  {
    title: '11: 1,000 routes over 1, processor time per request',
    cases: ['11-1000'],
    metric: 'processor',
    against: { ownCase: '11-1' },
    limit: 1.05,
  },
  {
    title: '12: log on over log off, processor time per request',
    cases: ['12-on'],
    metric: 'processor',
    against: { ownCase: '12-off' },
    limit: 1.25,
  },
];

/** The ratio of `ours` to `peer` in one case, round by round. */
export function ratioOf(
  samples: readonly Sample[],
  caseId: string,
  metric: Metric,
  ours: string,
  peer: string,
): Map<number, number> {
  return ratiosByRound(valuesByRound(samples, caseId, ours, metric), valuesByRound(samples, caseId, peer, metric));
}

/** Evaluates every requirement in each of its cases for each program of `ours`. */
export function evaluate(
  samples: readonly Sample[],
  ours: readonly string[],
  bar: readonly Requirement[] = BAR,
): Evaluation[] {
  return bar.flatMap((requirement) =>
    requirement.cases.flatMap((caseId) => ours.map((name) => evaluateCase(samples, requirement, caseId, name))),
  );
}

function evaluateCase(samples: readonly Sample[], requirement: Requirement, caseId: string, ours: string): Evaluation {
  const ratio = spread([...worstRatios(samples, requirement, caseId, ours).values()]);
  const within = (value: number): boolean =>
    requirement.atLeast === true ? value >= requirement.limit : value <= requirement.limit;
  return { requirement, ours, case: caseId, ratio, met: ratio === undefined ? undefined : within(ratio.median) };
}

function worstRatios(
  samples: readonly Sample[],
  requirement: Requirement,
  caseId: string,
  ours: string,
): Map<number, number> {
  const { against, metric, atLeast } = requirement;
  if ('ownCase' in against) {
    const divisors = valuesByRound(samples, against.ownCase, ours, metric);
    return ratiosByRound(valuesByRound(samples, caseId, ours, metric), divisors);
  }
  const worst = new Map<number, number>();
  for (const peer of against.peers) {
    for (const [round, ratio] of ratioOf(samples, caseId, metric, ours, peer)) {
      const before = worst.get(round) ?? ratio;
      worst.set(round, atLeast === true ? Math.min(before, ratio) : Math.max(before, ratio));
    }
  }
  return worst;
}
