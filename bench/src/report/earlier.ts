import { readFileSync } from 'node:fs';
import type { Sample } from '../metrics.ts';
import type { ReportInput } from './markdown.ts';

/** What `results.json` keeps of a run, as far as another run can be joined to it. */
export type Earlier = Pick<
  ReportInput,
  'date' | 'quick' | 'rounds' | 'seconds' | 'participants' | 'machine' | 'notes' | 'samples'
>;

/** Reads the `results.json` of an earlier run; throws an Error when it is none. */
export function readEarlier(path: string): Earlier {
  const earlier: Earlier = JSON.parse(readFileSync(path, 'utf8'));
  if (!Array.isArray(earlier?.samples) || !Array.isArray(earlier.participants)) {
    throw new Error(`${path} is not the results.json of a run`);
  }
  return earlier;
}

/**
 * Throws an Error where a run cannot be joined to the earlier one: other participants, machine or length. That the programs
 * have not changed in between is for the caller to know: their versions do not tell.
 */
export function requireJoinable(
  earlier: Earlier,
  later: Pick<ReportInput, 'quick' | 'seconds' | 'participants' | 'machine'>,
): void {
  for (const what of ['quick', 'seconds', 'participants'] as const) {
    if (JSON.stringify(earlier[what]) !== JSON.stringify(later[what]))
      throw new Error(`the earlier run had other ${what}: ${JSON.stringify(earlier[what])}`);
  }
  if (earlier.machine.processor !== later.machine.processor || earlier.machine.system !== later.machine.system)
    throw new Error('the earlier run was on another machine');
}

/** One report of two runs: the rounds of the later one follow those of the earlier one. */
export function joinEarlier(earlier: Earlier, later: ReportInput): ReportInput {
  const follow = (sample: Sample): Sample =>
    sample.round === 0 ? sample : { ...sample, round: sample.round + earlier.rounds };
  const notes = [...earlier.notes.map((note) => `in the run of ${earlier.date} ${note}`), ...later.notes];
  return {
    ...later,
    joined: earlier.date,
    rounds: earlier.rounds + later.rounds,
    samples: [...earlier.samples, ...later.samples.map(follow)],
    notes,
  };
}
