import { AdminError } from '@inband/admin';
import { openStore, type Store, StoreUnavailable } from '@inband/store';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ConfigError } from '../../config/problem/problem.ts';
import type { PushedFiles } from '../../config/read/config-files.ts';
import { silentLogger } from '../../log/logging.ts';
import { pack, type Seal } from './stored/content.ts';
import { CopyOnDisk } from './stored/copy-on-disk.ts';
import type { ConfigInfo } from '../config-info.ts';
import { Follower, type Started } from './following/follower.ts';
import type { FollowingMember } from './push-decisions.ts';
import { Pusher } from './pusher.ts';
import type { VersionFiles } from './stored/records.ts';
import { Sealer } from '../../sealed/sealer.ts';
import { StoredConfig } from './stored/stored-config.ts';

const NOTHING: Started = { record: undefined, running: undefined, contents: [], isConfirmed: false, error: undefined };
const SOON = { timeout: 10_000, interval: 5 };

interface Member {
  readonly name: string;
  readonly follower: Follower;
  readonly pusher: Pusher;
  /** The texts that it runs, one for each time that it has changed. */
  readonly ran: (string | undefined)[];
  close(): Promise<void>;
}

interface Beaten {
  readonly isStopping: boolean;
  readonly lag?: number;
}

interface MemberOptions {
  /** Texts that it refuses to look at, or to apply. */
  readonly refuses?: string;
  readonly breaks?: string;
  /** It looks at a text for so long. */
  readonly looksAt?: (text: string | undefined) => Promise<void> | undefined;
  /** So many milliseconds have gone by since its last beat. */
  readonly lag?: number;
  /** It says nothing. */
  readonly isSilent?: boolean;
  /** It ends, when its clients are done. */
  readonly isStopping?: boolean;
  readonly copy?: CopyOnDisk;
  readonly seal?: Seal;
  readonly started?: Started;
}

const files = (text: string): VersionFiles => ({ main: ['a.yaml'], texts: { 'a.yaml': text }, folders: {} });
const ask = { by: 'ann', ifMatch: '*', wait: 2_000 };

async function memory(): Promise<Store> {
  const store = await openStore({ type: 'memory', logger: silentLogger });
  onTestFinished(() => store.close());
  return store;
}

function member(store: Store, name: string, options: MemberOptions = {}): Member {
  const {
    refuses,
    breaks,
    looksAt,
    isSilent = false,
    isStopping = false,
    lag,
    copy,
    seal,
    started = NOTHING,
  } = options;
  const stored = new StoredConfig(store);
  const ran: (string | undefined)[] = [];
  const textOf = (pushed: PushedFiles | undefined): string | undefined => pushed?.texts['a.yaml'];
  const check = async (pushed: PushedFiles): Promise<void> => {
    await looksAt?.(textOf(pushed));
    if (refuses !== undefined && textOf(pushed) === refuses) throw new ConfigError([`${pushed.name}: no such zone`]);
  };
  const apply = async (pushed: PushedFiles | undefined): Promise<void> => {
    if (breaks !== undefined && textOf(pushed) === breaks) throw new ConfigError(['the address is in use']);
    ran.push(textOf(pushed));
  };
  const beat = (): void =>
    void store.beat(name, JSON.stringify({ ...follower.info, isStopping, lag })).catch(() => undefined);
  const logger = silentLogger;
  const changed = isSilent ? () => undefined : beat;
  const follower = new Follower({ stored, member: name, seal, copy, logger, check, apply, changed }, started);
  const members = async (): Promise<FollowingMember[]> => {
    const all = await store.members();
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what a member of this test beats
    const said = all.map(({ name: who, info }) => ({ who, info: JSON.parse(info) as ConfigInfo & Beaten }));
    return said.map(({ who, info }) => ({ name: who, config: info, isStopping: info.isStopping, lag: info.lag }));
  };
  const pusher = new Pusher({ stored, member: name, seal, follower, members, check, logger });
  beat();
  follower.start();
  const close = (): Promise<void> => follower.close();
  onTestFinished(close);
  return { name, follower, pusher, ran, close };
}

/** What is wrong with a push. */
async function problemOf(pushing: Promise<unknown>): Promise<AdminError['problem']> {
  const error: unknown = await pushing.then(
    () => new Error('It was not refused.'),
    (failure: unknown) => failure,
  );
  if (error instanceof AdminError) return error.problem;
  throw error;
}

async function three(store: Store, third: MemberOptions = {}): Promise<[Member, Member, Member]> {
  return [member(store, 'a'), member(store, 'b'), member(store, 'c', third)];
}

test('a push becomes that of all members, with who, when and why', async () => {
  const all = await three(await memory());
  const { record, members } = await all[0].pusher.push(files('one'), { ...ask, message: 'first' });
  expect(record).toMatchObject({ change: 1, last: 1, current: 1, canary: null });
  expect(record.versions).toMatchObject([
    { number: 1, by: 'ann', message: 'first', at: expect.stringMatching(/^20/) as string },
  ]);
  expect(members.map(({ name, config }) => [name, config?.running])).toEqual([
    ['a', 1],
    ['b', 1],
    ['c', 1],
  ]);
  expect(all.map(({ ran }) => ran)).toEqual([['one'], ['one'], ['one']]);
});

test('a version that one member refuses becomes that of nobody, and the answer says whose and why', async () => {
  const store = await memory();
  const all = await three(store, { refuses: 'two' });
  await all[0].pusher.push(files('one'), ask);
  const problem = await problemOf(all[0].pusher.push(files('two'), ask));
  expect(problem).toMatchObject({ status: 422, problems: ['c: version 2: no such zone'] });
  expect(all.map(({ ran }) => ran)).toEqual([['one'], ['one'], ['one']]);
  expect((await new StoredConfig(store).record()).record).toMatchObject({ change: 1, current: 1, last: 1 });
  await all[1].pusher.push(files('three'), ask);
  expect(all[2].ran).toEqual(['one', 'three']);
});

test('a member that does not answer is named, and nothing changes', async () => {
  const all = await three(await memory(), { isSilent: true });
  const problem = await problemOf(all[0].pusher.push(files('one'), { ...ask, wait: 200 }));
  expect(problem).toMatchObject({ status: 503, problems: ['c'] });
  expect(all.map(({ ran }) => ran)).toEqual([[], [], []]);
});

test('a member that has missed two beats is not waited for, is in no canary, and is named', async () => {
  const all = await three(await memory(), { isSilent: true, lag: 25_001 });
  const { members, unheard } = await all[0].pusher.push(files('one'), ask);
  expect([members.map(({ name }) => name), unheard]).toEqual([['a', 'b'], ['c']]);
  const { record } = await all[0].pusher.push(files('two'), { ...ask, canary: 1 });
  expect(record.canary?.members.toSorted()).toEqual(['a', 'b']);
});

test('a member that does not answer, and may live, is waited for; the answer says how long ago it beat', async () => {
  const all = await three(await memory(), { isSilent: true, lag: 12_000 });
  const problem = await problemOf(all[0].pusher.push(files('one'), { ...ask, wait: 200 }));
  expect(problem).toMatchObject({ status: 503, problems: ['c'] });
  expect(problem.detail).toContain('c (last beat 12 s ago)');
});

test('what a member finds out of an earlier candidate too late is not said in place of the next one', async () => {
  const late = Promise.withResolvers<void>();
  const looksAt = (text: string | undefined) => (text === 'one' ? late.promise : undefined);
  const all = await three(await memory(), { looksAt });
  expect(await problemOf(all[0].pusher.push(files('one'), { ...ask, wait: 100 }))).toMatchObject({ problems: ['c'] });
  await all[0].pusher.push(files('two'), ask);
  const { verdict } = all[2].follower.info;
  expect(verdict?.candidate).toBeDefined();
  late.resolve();
  await new Promise((done) => setImmediate(done));
  expect(all[2].follower.info.verdict).toEqual(verdict);
});

test('a member that finishes what is open, and follows nothing any more, is not asked and no canary', async () => {
  const all = await three(await memory(), { isSilent: true, isStopping: true });
  const { members } = await all[0].pusher.push(files('one'), ask);
  expect(members.map(({ name }) => name)).toEqual(['a', 'b']);
  const { record } = await all[0].pusher.push(files('two'), { ...ask, canary: 1 });
  expect(record.canary?.members.toSorted()).toEqual(['a', 'b']);
});

test('of two who push at the same time one is told who was first', async () => {
  const all = await three(await memory());
  const both = [
    all[0].pusher.push(files('x'), { ...ask, by: 'ann', ifMatch: '"0"' }),
    all[1].pusher.push(files('y'), { ...ask, by: 'bob', ifMatch: '"0"' }),
  ];
  const settled = await Promise.allSettled(both);
  expect(settled.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  const lost = settled.find((one) => one.status === 'rejected');
  expect(lost?.reason).toMatchObject({ problem: { status: 409, title: 'Somebody else is pushing' } });
  const late = await problemOf(all[2].pusher.push(files('z'), { ...ask, by: 'cat', ifMatch: '"0"' }));
  expect(late.status).toBe(412);
  expect(late.detail).toMatch(/^Somebody was first: version 1 by (ann|bob), 20/);
  expect(new Set(all.flatMap(({ ran }) => ran)).size).toBe(1);
});

test('a canary is on a share of members, and is promoted to all', async () => {
  const store = await memory();
  const all = await three(store);
  await all[0].pusher.push(files('one'), ask);
  const { record } = await all[0].pusher.push(files('two'), { ...ask, canary: 0.1 });
  expect(record).toMatchObject({ current: 1, canary: { number: 2, members: [expect.any(String)] } });
  const [chosen] = record.canary?.members ?? [];
  for (const { name, ran } of all) expect(ran.at(-1)).toBe(name === chosen ? 'two' : 'one');
  const late = member(store, 'late');
  await vi.waitFor(() => expect(late.ran).toEqual(['one']), SOON);
  expect(await problemOf(all[1].pusher.push(files('three'), ask))).toMatchObject({
    status: 409,
    title: 'There is a canary',
  });
  await all[1].pusher.promote(ask);
  expect([...all, late].map(({ ran }) => ran.at(-1))).toEqual(['two', 'two', 'two', 'two']);
  expect(await problemOf(all[1].pusher.promote(ask))).toMatchObject({ status: 409, title: 'There is no canary' });
});

test('a rollback ends a canary, and else makes a new version with the content of the one before', async () => {
  const all = await three(await memory());
  await all[0].pusher.push(files('one'), ask);
  await all[0].pusher.push(files('two'), { ...ask, canary: 0.5 });
  const ended = await all[0].pusher.rollback(ask);
  expect(ended.record).toMatchObject({ current: 1, canary: null, last: 2 });
  await all[0].pusher.push(files('three'), ask);
  const { record } = await all[2].pusher.rollback({ ...ask, by: 'bob', to: 1 });
  expect(record).toMatchObject({ current: 4, last: 4 });
  expect(record.versions.at(-1)).toMatchObject({ number: 4, by: 'bob', again: 1 });
  expect(all.map(({ ran }) => ran.at(-1))).toEqual(['one', 'one', 'one']);
  expect(await problemOf(all[0].pusher.rollback({ ...ask, to: 17 }))).toMatchObject({
    status: 404,
    detail: 'There is no version 17. Kept are 1, 2, 3, 4.',
  });
});

test('the last twenty versions are kept, with their content', async () => {
  const store = await memory();
  const one = member(store, 'a');
  for (let number = 1; number <= 26; number += 1) await one.pusher.push(files(`v${number}`), ask);
  const { record } = await new StoredConfig(store).record();
  expect(record.versions.map(({ number }) => number)).toEqual(Array.from({ length: 20 }, (_, index) => index + 7));
  await one.pusher.rollback({ ...ask, to: 7 });
  expect(one.ran.at(-1)).toBe('v7');
});

test('a member that cannot apply a version says so, goes on with what it has, and follows the next one', async () => {
  const all = await three(await memory(), { breaks: 'two' });
  await all[0].pusher.push(files('one'), ask);
  const { members } = await all[0].pusher.push(files('two'), ask);
  expect(members.find(({ name }) => name === 'c')?.config).toMatchObject({
    running: 1,
    wanted: 2,
    error: 'the address is in use',
  });
  expect(all.map(({ ran }) => ran.at(-1))).toEqual(['two', 'two', 'one']);
  await all[0].pusher.push(files('three'), ask);
  expect(all[2].follower.info).toEqual(expect.not.objectContaining({ error: expect.anything() as string }));
  expect(all[2].ran.at(-1)).toBe('three');
});

test('what a store has lost is put back by a member, and nobody changes', async () => {
  const store = await memory();
  const all = await three(store);
  await all[0].pusher.push(files('one'), ask);
  await all[0].pusher.push(files('two'), ask);
  const old = await store.get('config/current');
  for (const key of ['config/current', 'config/content/1', 'config/content/2']) await store.remove(key);
  await vi.waitFor(async () => expect((await store.get('config/current'))?.value).toBe(old?.value), SOON);
  expect(await store.get('config/content/2')).toBeDefined();
  expect(all.map(({ ran }) => ran)).toEqual([
    ['one', 'two'],
    ['one', 'two'],
    ['one', 'two'],
  ]);
  const late = member(store, 'late');
  await vi.waitFor(() => expect(late.ran).toEqual(['two']), SOON);
});

test('a store that was restored from an old copy is not followed, and numbers go on', async () => {
  const store = await memory();
  const all = await three(store);
  await all[0].pusher.push(files('one'), ask);
  const old = (await store.get('config/current'))?.value ?? '';
  await all[0].pusher.push(files('two'), ask);
  const newest = (await store.get('config/current'))?.value;
  await store.put('config/current', old);
  await vi.waitFor(async () => expect((await store.get('config/current'))?.value).toBe(newest), SOON);
  expect(all.map(({ ran }) => ran)).toEqual([
    ['one', 'two'],
    ['one', 'two'],
    ['one', 'two'],
  ]);
  const { record } = await all[1].pusher.push(files('three'), ask);
  expect(record).toMatchObject({ change: 3, current: 3 });
});

test('a member that knows an older state only from its disk follows the store', async () => {
  const store = await memory();
  const one = member(store, 'a');
  await one.pusher.push(files('one'), ask);
  const { record } = await new StoredConfig(store).record();
  const started = { ...NOTHING, record: { ...record, change: 99 } };
  const old = member(store, 'old', { started });
  await vi.waitFor(() => expect(old.ran).toEqual(['one']), SOON);
  expect((await new StoredConfig(store).record()).record.change).toBe(1);
});

test('a store that lost everything while nobody was there gets what a member knows from its disk', async () => {
  const one = member(await memory(), 'a');
  await one.pusher.push(files('one'), ask);
  const { record } = one.follower;
  const [version] = record?.versions ?? [];
  const contents = [await pack(files('one'), undefined)];
  const empty = await memory();
  member(empty, 'b', { started: { ...NOTHING, record, running: version, contents } });
  const late = member(empty, 'late');
  await vi.waitFor(() => expect(late.ran).toEqual(['one']), SOON);
});

test('a push whose last answer is lost is known to be made, or not', async () => {
  const store = await memory();
  const stored = new StoredConfig(store);
  const lost = new StoreUnavailable('timeout', 'no answer');
  const put = store.put.bind(store);
  const spy = vi.spyOn(store, 'put').mockImplementationOnce(async (...args) => {
    await put(...args);
    throw lost;
  });
  const record = { change: 1, last: 0, current: null, canary: null, versions: [] };
  expect(await stored.put(record, null, 1)).toBe(true);
  spy.mockRejectedValueOnce(lost);
  const { revision } = await stored.record();
  await expect(stored.put({ ...record, change: 2 }, revision, 1)).rejects.toBe(lost);
  spy.mockRejectedValueOnce(lost);
  expect(await stored.put({ ...record, change: 2 }, 'another', 1)).toBe(false);
});

test('a version whose content is gone is not used, and the reason is a sentence', async () => {
  const store = await memory();
  const all = await three(store);
  await all[0].pusher.push(files('one'), ask);
  await all[0].pusher.push(files('two'), ask);
  await store.remove('config/content/1');
  const problem = await problemOf(all[0].pusher.rollback({ ...ask, to: 1 }));
  expect(problem).toMatchObject({ status: 404, detail: 'The content of version 1 is not in the store any more.' });
  await store.remove('config/content/2');
  const late = member(store, 'late');
  await vi.waitFor(
    () => expect(late.follower.info.error).toBe('the content of version 2 is not in the store any more.'),
    SOON,
  );
});

test('what is pushed is sealed where there is a secret, and refused by a member that cannot open it', async () => {
  const store = await memory();
  const seal = new Sealer('edge', [randomBytes(32)]);
  const [one, two] = [member(store, 'a', { seal }), member(store, 'b', { seal })];
  await one.pusher.push(files('one'), ask);
  expect(two.ran).toEqual(['one']);
  expect((await store.get('config/content/1'))?.value).toMatch(/"data":"sealed1\./);
  member(store, 'c', { seal: new Sealer('edge', [randomBytes(32)]) });
  member(store, 'd');
  const problem = await problemOf(one.pusher.push(files('two'), ask));
  expect(problem.status).toBe(422);
  expect(problem.problems?.join()).toMatch(/[cd]: the content of the version is encrypted, and this member has/);
});

test('what is too large is refused before anything is stored', async () => {
  const store = await memory();
  const one = member(store, 'a');
  // Random, so that it cannot be compressed.
  const large = Array.from({ length: 200_000 }, () => Math.random().toString(36)).join('');
  expect(await problemOf(one.pusher.push(files(large), ask))).toMatchObject({
    status: 413,
    detail: expect.stringContaining('bytes') as string,
  });
  expect(await store.get('config/content/1')).toBeUndefined();
});

test('a copy on disk is whole, is only for the account of the program, and a broken one is told', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inband-copy-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const copy = new CopyOnDisk(join(folder, 'state'));
  expect(await copy.read()).toEqual({ kind: 'none' });
  const one = member(await memory(), 'a', { copy });
  await one.pusher.push(files('one'), ask);
  await vi.waitFor(
    async () => expect(await copy.read()).toMatchObject({ kind: 'copy', copy: { record: { current: 1 } } }),
    SOON,
  );
  expect((await stat(copy.file)).mode & 0o777).toBe(0o600);
  await writeFile(copy.file, (await readFile(copy.file, 'utf8')).slice(0, -1));
  expect(await copy.read()).toEqual({ kind: 'broken', why: 'it is not what was written' });
});
