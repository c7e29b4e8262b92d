import type { LogLines, LogQuery } from '@inband/admin';
import type { Tapped } from '../../observe/log-tap.ts';
import type { ProcessQuestion } from './process-question.ts';

/** What the readers of the log want. */
export interface Queries {
  readonly queries: readonly LogQuery[];
}

/** Lines of the log since the last time. From now on a process keeps those that somebody wants. */
export const log: ProcessQuestion<Queries, Tapped, LogLines> = {
  answer: ({ running }, { queries }) => running.observed?.tap.take(queries) ?? { lines: [], lost: [] },
  merge({ answers }, { queries }) {
    const lost = queries.map((_query, index) =>
      answers.reduce((sum, { answer }) => sum + (answer.lost[index] ?? 0), 0),
    );
    return { lines: answers.flatMap(({ answer }) => answer.lines), lost };
  },
};
