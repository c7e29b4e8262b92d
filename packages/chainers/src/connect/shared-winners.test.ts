import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeNetwork, FakeResolver, fakeSession } from '../../../../test/chainers/fake-establisher.ts';
import { LinkedWorkers } from '../../../../test/support/workers/linked-workers.ts';
import { NameConnector } from './name-connector.ts';
import { useOwnTimers } from '../../../../test/support/own-timers.ts';

const HOST = 'a.example';
const SILENT = '127.0.0.1';
const WELL = '127.0.0.2';

let network: FakeNetwork;
let linked: LinkedWorkers;

useOwnTimers();

beforeEach(() => {
  network = new FakeNetwork().on(`${SILENT}:80`, { does: 'hang' }).on(`${WELL}:80`, { does: 'accept' });
  linked = new LinkedWorkers(2);
});

afterEach(() => {
  linked.close();
});

/** The connector of the same chainer in each worker. */
function connectors(): NameConnector[] {
  const { establishConnection } = network;
  const how = { connectTimeout: 10_000 };
  return linked.of('chainer').map((notices) => {
    const resolver = new FakeResolver({ [HOST]: [SILENT, WELL] });
    return new NameConnector({ establishConnection, resolver, notices }, undefined, how);
  });
}

/** The addresses that a session tries, and how long that takes. */
async function attempts(connector: NameConnector | undefined): Promise<{ tried: string[]; waited: number }> {
  const before = network.attempted.length;
  const begun = performance.now();
  let waited = Infinity;
  const done = Promise.resolve(connector?.connect(fakeSession(), HOST, 80)).then(() => {
    waited = performance.now() - begun;
  });
  await vi.advanceTimersByTimeAsync(1_000);
  await done;
  return { tried: network.attempted.slice(before), waited };
}

test('one session of the machine waits for an address that does not answer, and not one of each worker', async () => {
  const [first, second] = connectors();
  expect(await attempts(first)).toEqual({ tried: [`${SILENT}:80`, `${WELL}:80`], waited: 250 });
  expect(await attempts(second)).toEqual({ tried: [`${WELL}:80`], waited: 0 });
});

test('a worker that knew another order takes the winner of the others first, too', async () => {
  const [first, second] = connectors();
  network.on(`${SILENT}:80`, { does: 'accept' });
  expect((await attempts(second)).tried).toEqual([`${SILENT}:80`]);
  network.on(`${SILENT}:80`, { does: 'hang' });
  await attempts(first);
  expect((await attempts(second)).tried).toEqual([`${WELL}:80`]);
});

test('nothing is told while the first address wins', async () => {
  network.on(`${SILENT}:80`, { does: 'accept' });
  const [first] = connectors();
  await attempts(first);
  expect(linked.messages).toBe(0);
});

test('a winner that the name does not have any more changes nothing', async () => {
  const [first] = connectors();
  await attempts(first);
  const notices = linked.workers[1]?.of('chainer');
  const resolver = new FakeResolver({ [HOST]: ['127.0.0.3'] });
  network.on('127.0.0.3:80', { does: 'accept' });
  const { establishConnection } = network;
  const second = new NameConnector({ establishConnection, resolver, notices }, undefined, {});
  expect((await attempts(second)).tried).toEqual(['127.0.0.3:80']);
});
