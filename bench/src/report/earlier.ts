import { readFileSync } from 'node:fs';
import type { Sample } from '../figures/metrics.ts';
import type { ReportInput } from './report-input.ts';

/** The content of `results.json`. */
export type Earlier = Omit<ReportInput, 'workloads'>;

/** Reads the `results.json` of an earlier run; throws an Error when it is none. */
export function readEarlier(path: string): Earlier {
  const earlier: Earlier = JSON.parse(readFileSync(path, 'utf8'));
  if (!Array.isArray(earlier?.samples) || !Array.isArray(earlier.participants)) {
    throw new Error(`${path} is not the results.json of a run`);
  }
  return earlier;
}

/** The properties that must be equal in joined runs, by their names in messages. */
function essentials(
  {
    quick,
    seconds,
    participants,
    machine,
    originName,
  }: Omit<Earlier, 'samples' | 'rounds' | 'fixedRate' | 'date' | 'notes'>,
  cases: readonly string[],
): Record<string, unknown> {
  const { processor, system, kernel, node } = machine;
  return { quick, seconds, participants, machine: { processor, system, kernel, node }, originName, cases };
}

/**
 * Throws an Error when a run cannot be joined to the earlier one. The caller must know that our program has not changed in between, because
 * its version does not show it.
 */
export function requireJoinable(
  earlier: Earlier,
  later: Omit<ReportInput, 'samples' | 'rounds' | 'fixedRate' | 'date' | 'notes'>,
): void {
  const casesBefore = [...new Set(earlier.samples.map((sample) => sample.case))].toSorted();
  const before = essentials(earlier, casesBefore);
  const now = essentials(later, later.workloads.flatMap(({ cases }) => cases.map(({ id }) => id)).toSorted());
  for (const [what, value] of Object.entries(now)) {
    if (JSON.stringify(before[what]) !== JSON.stringify(value))
      throw new Error(`the earlier run had other ${what}: ${JSON.stringify(before[what])}`);
  }
}

/** One report of several runs: the rounds of the later one follow those of the earlier ones. */
export function joinEarlier(earlier: Earlier, later: ReportInput): ReportInput {
  const follow = (sample: Sample): Sample =>
    sample.round === 0 ? sample : { ...sample, round: sample.round + earlier.rounds };
  const { date, fixedRate } = earlier;
  // Notes of the runs before it have their date already.
  const ofEarlier = (note: string): string =>
    note.startsWith('in the run of ') ? note : `in the run of ${date} ${note}`;
  return {
    ...later,
    earlier: [...(earlier.earlier ?? []), { date, fixedRate }],
    rounds: earlier.rounds + later.rounds,
    samples: [...earlier.samples, ...later.samples.map(follow)],
    notes: [...earlier.notes.map(ofEarlier), ...later.notes],
  };
}
