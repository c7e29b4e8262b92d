import { expect, test } from 'vitest';
import { OpenClients } from './open-clients.ts';

const settled = async (promise: Promise<void>): Promise<boolean> =>
  Promise.race([promise.then(() => true), new Promise<boolean>((resolve) => setImmediate(resolve, false))]);

test('the end of those that are open is not put off by those that come later', async () => {
  const clients = new OpenClients<{ name: string }>();
  const [first, second, late] = [{ name: 'first' }, { name: 'second' }, { name: 'late' }];
  clients.add(first);
  clients.add(second);
  const gone = clients.gone();
  clients.add(late);
  const all = clients.gone();
  clients.delete(first);
  clients.delete(first);
  expect(await settled(gone)).toBe(false);
  clients.delete(second);
  expect(await settled(gone)).toBe(true);
  expect([clients.size, await settled(all)]).toEqual([1, false]);
  clients.delete(late);
  await Promise.all([all, clients.gone()]);
  expect([...clients]).toEqual([]);
});
