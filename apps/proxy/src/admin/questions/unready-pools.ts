import type { Answers, ProcessQuestion } from './process-question.ts';

/** The required pools none of whose servers can have a session, by their names: those of which every process that answered says so. */
export const unreadyPools: ProcessQuestion<undefined, readonly string[], readonly string[]> = {
  answer: ({ running }) => running.observed?.pools.unready() ?? [],
  merge: saidByAll,
};

function saidByAll({ answers }: Answers<readonly string[]>): readonly string[] {
  const [first, ...others] = answers;
  return first?.answer.filter((name) => others.every(({ answer }) => answer.includes(name))) ?? [];
}
