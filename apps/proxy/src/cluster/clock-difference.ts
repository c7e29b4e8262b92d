import type { Store } from '@inband/store';

/** Milliseconds by which the clock of this machine is ahead of that of a store. Wrong by half of what the answer takes. Rejects with a `StoreError`. */
export async function clockDifference(store: Pick<Store, 'time'>): Promise<number> {
  const before = Date.now();
  const there = await store.time();
  return Math.round((before + Date.now()) / 2 - there);
}
