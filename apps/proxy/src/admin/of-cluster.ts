import type { SessionQuery, Sessions } from '@inband/admin';
import type { AskedProcesses } from '../cluster/view/viewed-cluster.ts';
import type { SessionsFound } from '../observe/live-sessions.ts';
import type { Answers } from './questions/process-question.ts';

/** Asks the processes of a member for what others ask of it over the store. */
export function askedByCluster(askAll: (question: string, argument: unknown) => Promise<Answers>): AskedProcesses {
  return {
    async sessions(query: SessionQuery): Promise<Sessions> {
      const { sessions } = await import('./questions/sessions.ts');
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what the question answers
      return sessions.merge((await askAll('sessions', query)) as Answers<SessionsFound>, query);
    },
    order: async (order) => void (await askAll('order-server', order)),
  };
}
