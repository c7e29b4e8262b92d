import type { Generation, Generations } from '@inband/admin';
import type { ProcessQuestion } from './process-question.ts';

/** The configurations in use. */
export const generations: ProcessQuestion<undefined, Generation[], Generations> = {
  answer: ({ running }) =>
    running.generations.map(({ number, since, isCurrent, connections, endsBy }) => ({
      number,
      state: isCurrent ? 'current' : 'retired',
      since: since.toISOString(),
      connections,
      ...(endsBy !== undefined && { endsBy: endsBy.toISOString() }),
    })),
  merge: ({ answers, missing }) => ({
    workers: answers.map(({ worker, answer }) => ({ worker, generations: answer })),
    missing: [...missing],
  }),
};
