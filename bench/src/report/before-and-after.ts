import { ratioOf } from '../figures/bar.ts';
import { METRICS, valuesByRound } from '../figures/metrics.ts';
import { median, middleHalf } from '../figures/statistics.ts';
import type { ReportInput } from './report-input.ts';
import { table } from './table.ts';

/**
 * What a change did: for each case the ratios of ours to the same program before it, each taken within one round. The middle half of them says how
 * far to believe their median. The smallest figures of both are those of the rounds in which least else ran.
 */
export function beforeAndAfter({ workloads, samples, participants }: ReportInput): string {
  const names = participants.map(({ name }) => name);
  const rows = workloads.flatMap(({ metric, cases }) =>
    cases.flatMap(({ id, title }) =>
      names.flatMap((before) => {
        if (!before.startsWith('before-')) return [];
        const ours = before.replace('before-', 'inband-');
        const ratios = [...ratioOf(samples, id, metric, ours, before).values()];
        if (ratios.length === 0) return [];
        const [lower, upper] = middleHalf(ratios);
        const [now, then] = [ours, before].map((name) => [...valuesByRound(samples, id, name, metric).values()]);
        const fastest = Math.min(...(now ?? [])) / Math.min(...(then ?? []));
        const figures = [median(then ?? []), median(now ?? [])].map((value) => value.toFixed(METRICS[metric].digits));
        const shares = [median(ratios), lower, upper, fastest].map((ratio) => ratio.toFixed(3));
        const [middle = '', low = '', high = '', least = ''] = shares;
        return [[`${id}: ${title}`, ours, ...figures, middle, `${low}–${high}`, least, String(ratios.length)]];
      }),
    ),
  );
  if (rows.length === 0) return '';
  const head = ['case', '', 'before', 'now', 'ratio', 'middle half', 'fastest', 'rounds'];
  return `## Before and after\n\n${table(head, rows)}`;
}
