import type { LoadReport } from './load-protocol.ts';

/** How limits are, in the words of docs/cluster.md: of rates with each `store.away`, which is another one at each of the members, and of quotas. */
export interface LimitWords {
  readonly local: string;
  readonly open: string;
  readonly closed: string;
  readonly hard: string;
  readonly soft: string;
}

/** Answers a second with status 200. */
export function allowedPerSecond(report: LoadReport, name: string): number {
  return (
    ((report.targets.find((target) => target.name === name)?.statuses[200] ?? 0) * 1_000) /
    (report.time + report.halted)
  );
}

/** By what was allowed of the load of `LOAD`. A limit that is neither what it is with the store nor what it is without is said as a number. */
export function limitWords(report: LoadReport): LimitWords {
  const local = allowedPerSecond(report, 'limited at edge1');
  const open = allowedPerSecond(report, 'open at edge2');
  const closed = allowedPerSecond(report, 'limited at edge3');
  const hard = allowedPerSecond(report, 'hard at edge1');
  const soft = allowedPerSecond(report, 'soft at edge1');
  return {
    // All of its 90/s together with at most 30/s of others, or a third of 100/s.
    local: word(local, [
      [45, 95, 'shared'],
      [24, 42, 'limit / members'],
    ]),
    // 20/s of 40/s.
    open: word(open, [
      [10, 28, 'shared'],
      [36, 60, 'open'],
    ]),
    closed: word(closed, [
      [4, 15, 'shared'],
      [0, 0, 'closed'],
    ]),
    // 15/s.
    hard: word(hard, [
      [10, 20, 'passes'],
      [0, 0, 'closed'],
    ]),
    soft: word(soft, [
      [10, 20, 'passes'],
      [0, 0, 'closed'],
    ]),
  };
}

function word(perSecond: number, words: readonly (readonly [from: number, to: number, word: string])[]): string {
  const found = words.find(([from, to]) => perSecond >= from && perSecond <= to);
  return found?.[2] ?? `${perSecond.toFixed(1)}/s`;
}
