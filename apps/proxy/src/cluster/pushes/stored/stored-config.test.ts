import { openStore, type Store, StoreUnavailable } from '@inband/store';
import timers from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { replaceBuiltin } from '../../../../../../test/support/replace-builtin.ts';
import { silentLogger } from '../../../log/logging.ts';
import { parseRecord } from './records.ts';
import { StoredConfig } from './stored-config.ts';

/** A store in memory that does what it is asked, but whose first answer about locks, and about their release, is lost. */
async function forgetful(): Promise<Store> {
  const store = await openStore({ type: 'memory', logger: silentLogger });
  onTestFinished(() => store.close());
  const lost = new StoreUnavailable('timeout', 'The store has not answered within 50 ms.');
  let answers = 0;
  let releases = 0;
  const lock: Store['lock'] = async (...asked) => {
    const held = await store.lock(...asked);
    if (answers++ === 0) throw lost;
    const release = async (): Promise<void> => {
      await held?.release();
      if (releases++ === 0) throw lost;
    };
    return held && { ...held, release };
  };
  return new Proxy(store, {
    get: (of, key) => {
      const value: unknown = key === 'lock' ? lock : Reflect.get(of, key, of);
      return typeof value === 'function' && key !== 'lock' ? (value.bind(of) as unknown) : value;
    },
  });
}

test('a push whose lock was taken by a call without an answer has it, and gives it back', async () => {
  const pauses: unknown[] = [];
  const setTimeout = (async (milliseconds: number) => void pauses.push(milliseconds)) as typeof timers.setTimeout;
  replaceBuiltin(timers, { setTimeout });
  const stored = new StoredConfig(await forgetful());
  const first = await stored.lock(60_000);
  expect(first).toBeDefined();
  expect(await stored.lock(60_000)).toBeUndefined();
  await first?.release();
  expect(await stored.lock(60_000)).toBeDefined();
  expect(pauses).toEqual([400, 400]);
});

test('a record after which no other could come is none', () => {
  const record = { change: 1, last: 0, current: null, canary: null, versions: [] };
  expect(parseRecord(JSON.stringify(record))).toEqual(record);
  for (const most of [Number.MAX_SAFE_INTEGER, 1e308, 1.5]) {
    expect(parseRecord(JSON.stringify({ ...record, change: most }))).toBeUndefined();
    expect(parseRecord(JSON.stringify({ ...record, last: most }))).toBeUndefined();
  }
});
