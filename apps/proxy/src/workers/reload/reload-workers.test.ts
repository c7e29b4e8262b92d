import { expect, test } from 'vitest';
import type { ReloadOrder, ReloadReport } from '../process/messages.ts';
import { prepareWorkers, type ReloadingWorker } from './reload-workers.ts';

/** A worker that prepares, and answers the order to switch with `switched`. */
function workerWith(pid: number, switched: (id: number) => ReloadReport | undefined): ReloadingWorker {
  const ask = async ({ type, id }: ReloadOrder): Promise<ReloadReport | undefined> =>
    type === 'prepare' ? { type: 'prepared', id, addresses: [] } : switched(id);
  return { pid, ask, drop: () => {} };
}

test('a worker that ends, or fails, instead of switching is behind, and the others have switched', async () => {
  const switches = workerWith(1, (id) => ({ type: 'switched', id, generation: 5, alive: 3 }));
  const ends = workerWith(2, () => undefined);
  const fails = workerWith(3, (id) => ({ type: 'refused', id, message: 'it cannot' }));
  const prepared = await prepareWorkers([switches, ends, fails], undefined);
  expect(await prepared.commit()).toEqual({ generation: 5, alive: 3, behind: [ends, fails] });
});
