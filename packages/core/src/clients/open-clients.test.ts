import { expect, test } from 'vitest';
import type { LinkedListElement } from '../base/linked-list.ts';
import { OpenClients } from './open-clients.ts';

interface TestClient extends LinkedListElement<TestClient> {}

const client = (): TestClient => ({ list: undefined, older: undefined, newer: undefined });

const settled = async (promise: Promise<void>): Promise<boolean> =>
  Promise.race([promise.then(() => true), new Promise<boolean>((resolve) => setImmediate(resolve, false))]);

test('the end of those that are open is not put off by those that come later', async () => {
  const clients = new OpenClients<TestClient>();
  const [first, second, late] = [client(), client(), client()];
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
