import type { Pools, Questions } from '@inband/admin';
import type { AdminOwner } from './owner.ts';
import { noSuchServer, orderServer as ofProcess, pools, type PoolSeen } from './questions/pools.ts';
import type { Answers } from './questions/process-question.ts';

/** Takes a server out, or back in: on this member, or everywhere. Rejects with an `AdminError` where this member has no such server. */
export async function orderServer(owner: AdminOwner, asked: Questions['order-server']['argument']): Promise<Pools> {
  const { everywhere, ...here } = asked;
  if (everywhere !== true) return orderHere(owner, here);
  const before = await seen(owner);
  const known = before.pools.find(({ name }) => name === asked.pool)?.servers;
  if (known?.some(({ address }) => address === asked.address) !== true) throw noSuchServer(asked);
  const { told, why } = await owner.cluster.order(asked);
  // What one member had ordered for itself is taken back with it.
  if (!told || asked.order === 'up') await orderHere(owner, here);
  const detail = told ? 'All members get it, those that start later included.' : `Only this member has it: ${why}`;
  return { ...(await seen(owner)), everywhere: { told, detail } };
}

async function orderHere(owner: AdminOwner, asked: Questions['order-server']['argument']): Promise<Pools> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what the question answers
  return ofProcess.merge((await owner.askAll('order-server', asked)) as Answers<PoolSeen[]>, asked);
}

async function seen(owner: AdminOwner): Promise<Pools> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what the question answers
  return pools.merge((await owner.askAll('pools', undefined)) as Answers<PoolSeen[]>, undefined);
}
