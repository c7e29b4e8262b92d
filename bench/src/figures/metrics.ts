/** The metrics, in the order in which reports show them. */
export const METRICS = {
  processor: { title: 'processor time', unit: 'µs', digits: 1 },
  user: { title: 'user', unit: 'µs', digits: 1 },
  system: { title: 'system', unit: 'µs', digits: 1 },
  perGibibyte: { title: 'processor time per GiB', unit: 'ms', digits: 0 },
  rate: { title: 'per second', unit: '1/s', digits: 0 },
  throughput: { title: 'throughput', unit: 'MiB/s', digits: 0 },
  p50: { title: 'p50', unit: 'µs', digits: 0 },
  p99: { title: 'p99', unit: 'µs', digits: 0 },
  addedP50: { title: 'added p50', unit: 'µs', digits: 0 },
  addedP99: { title: 'added p99', unit: 'µs', digits: 0 },
  perTunnel: { title: 'memory per tunnel', unit: 'KiB', digits: 1 },
  memory: { title: 'memory (PSS)', unit: 'MiB', digits: 1 },
  resident: { title: 'memory (RSS)', unit: 'MiB', digits: 1 },
} as const satisfies Record<string, { title: string; unit: string; digits: number }>;

export type Metric = keyof typeof METRICS;

/** Every metric, in that order. */
export const METRIC_NAMES: readonly Metric[] = Object.keys(METRICS).filter(isMetric);

function isMetric(name: string): name is Metric {
  return name in METRICS;
}

/** The figures of one measurement. */
export type Figures = Readonly<Partial<Record<Metric, number>>>;

/** One measurement of one proxy in one case and round. */
export interface Sample {
  readonly case: string;
  readonly peer: string;
  readonly round: number;
  readonly figures: Figures;
  /** Sentences that say why the sample is void. Empty when it is valid. */
  readonly faults: readonly string[];
}

/** A figure as reports show it, without its unit. */
export function formatFigure(metric: Metric, value: number): string {
  return value.toFixed(METRICS[metric].digits);
}

/** The peer without a proxy. Its latency, straight to the origin, is subtracted from that of the proxies. */
export const DIRECT = 'direct';

/** The values of `metric` of one peer in one case, by round, without void samples. */
export function valuesByRound(
  samples: readonly Sample[],
  caseId: string,
  peer: string,
  metric: Metric,
): Map<number, number> {
  const values = new Map<number, number>();
  for (const sample of samples) {
    if (sample.case !== caseId || sample.peer !== peer || sample.faults.length > 0) continue;
    const value = sample.figures[metric];
    if (value !== undefined) values.set(sample.round, value);
  }
  return values;
}

/**
 * Adds to every sample what its proxy adds to the latency of going straight to the origin in the same round. What the
 * clock cannot tell from nothing counts as one microsecond, so that ratios stay finite.
 */
export function withAddedLatency(samples: readonly Sample[]): Sample[] {
  const straight = new Map<string, Sample>();
  for (const sample of samples) {
    if (sample.peer === DIRECT && sample.faults.length === 0) straight.set(`${sample.case} ${sample.round}`, sample);
  }
  return samples.map((sample) => {
    const base = straight.get(`${sample.case} ${sample.round}`)?.figures;
    const { p50, p99 } = sample.figures;
    if (base?.p50 === undefined || base.p99 === undefined || sample.peer === DIRECT) return sample;
    if (p50 === undefined || p99 === undefined) return sample;
    const added = { addedP50: Math.max(1, p50 - base.p50), addedP99: Math.max(1, p99 - base.p99) };
    return { ...sample, figures: { ...sample.figures, ...added } };
  });
}
