import {
  Board,
  type IssuedCertificate,
  Keeper,
  type KeeperOptions,
  NO_CHALLENGES,
  type OpenChallenges,
  StateFolder,
} from '@inband/acme';
import { openStore, type Store, StoreUnavailable } from '@inband/store';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ManualClock } from '../../../../../packages/acme/test-support/clocks.ts';
import { BASE, FakeCa } from '../../../../../packages/acme/test-support/fake-ca.ts';
import { LinesLog } from '../../../../../packages/acme/test-support/stand-ins.ts';
import { Sealer } from '../../sealed/sealer.ts';
import { SealedValues } from '../../sealed/sealed-values.ts';
import { type SharedAcme, shareAcme } from './share-acme.ts';

const DIRECTORY = `${BASE}/directory`;
const PATIENCE = { timeout: 15_000, interval: 5 };
const [HOUR, DAY] = [3_600_000, 86_400_000];
const SECRET = randomBytes(32);

let root: string;
let clock: ManualClock;
let ca: FakeCa;
let log: LinesLog;
let inner: Store;
let members: Member[];
/** The store answers nothing. */
let isAway: boolean;
/** Called when it has not answered. */
let unanswered: () => void;
/** Calls that it has not answered once, and will answer; undefined: it answers all. */
let failedOnce: Set<string> | undefined;
/** Milliseconds by which the clock of the store is ahead. */
let ahead: number;
let store: Store;

interface Member {
  readonly keeper: Keeper;
  readonly shared: SharedAcme;
  open: OpenChallenges;
  published: readonly IssuedCertificate[];
}

/** The store, while it is not away. */
function switchable(real: Store): Store {
  return new Proxy(real, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      if (name === 'close') return value.bind(target);
      if (name === 'watch') return value.bind(target);
      return (...given: unknown[]): unknown => {
        const isFirst = failedOnce?.has(`${String(name)} ${String(given[0])}`) === false;
        failedOnce?.add(`${String(name)} ${String(given[0])}`);
        if (!isAway && !isFirst) return Reflect.apply(value, target, given);
        unanswered();
        return Promise.reject(new StoreUnavailable('away', 'away'));
      };
    },
  });
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'inband-shared-'));
  clock = new ManualClock();
  ca = new FakeCa(clock);
  log = new LinesLog();
  isAway = false;
  [unanswered, failedOnce] = [() => undefined, undefined];
  const logger: never = log as never;
  ahead = 0;
  inner = await openStore({ type: 'memory', logger, clock: () => performance.timeOrigin + performance.now() + ahead });
  store = switchable(inner);
  members = [];
  // Whichever member the CA reaches.
  let turn = 0;
  ca.behaviour.validate = (_, token) => members[(turn += 1) % members.length]?.open.http[token];
});

afterEach(async () => {
  await Promise.all(members.map(({ keeper }) => keeper.close()));
  await Promise.all(members.map(({ shared }) => shared.close()));
  await inner.close();
  await rm(root, { recursive: true });
});

async function enter(
  name: string,
  { patience = 200, ...options }: Partial<KeeperOptions> & { readonly patience?: number } = {},
  secret = SECRET,
): Promise<Member> {
  const all = { directory: DIRECTORY, certificates: [['a.example']], ...options };
  await inner.beat(name, '');
  const folder = await StateFolder.open(join(root, name), DIRECTORY, log);
  const values = new SealedValues(store, new Sealer('edge', [secret]));
  const shared = await shareAcme({
    sharing: { store, values, member: name },
    directory: DIRECTORY,
    folder,
    log,
    wants: (wanted) => all.certificates.some(([host]) => host === wanted) || all.onDemand !== undefined,
    clock,
    patience,
    startWait: 100,
  });
  const board = new Board('http-01', async (open) => void (member.open = open), clock);
  let published: readonly IssuedCertificate[] = [];
  const keeper = await Keeper.open(all, {
    state: shared.storage,
    ask: ca.ask,
    solver: shared.solver(board),
    clock,
    log,
    random: () => 0,
    publish: (certificates) => void (published = certificates),
  });
  const member: Member = {
    keeper,
    shared,
    open: NO_CHALLENGES,
    get published() {
      return published;
    },
  };
  members.push(member);
  return member;
}

const shas = (): (string | undefined)[] => members.map(({ published }) => published[0]?.sha256);

async function allServeTheSame(): Promise<string> {
  await vi.waitFor(() => {
    expect(new Set(shas()).size).toBe(1);
    expect(shas()[0]).toBeDefined();
  }, PATIENCE);
  return shas()[0] ?? '';
}

test('of three members one orders, whichever of them the CA reaches, and all serve the certificate', async () => {
  for (const name of ['one', 'two', 'three']) await enter(name);
  for (const { keeper } of members) keeper.begin();
  await allServeTheSame();
  expect([ca.orders.length, ca.accounts.size]).toEqual([1, 1]);
  expect(members.map(({ open }) => open.http)).toEqual([{}, {}, {}]);
});

test('perHour counts for all members together, however many of them clients reach', async () => {
  const onDemand = { allow: ['*.shops.example'], perHour: 2 };
  for (const name of ['one', 'two', 'three']) await enter(name, { certificates: [], onDemand });
  for (const { keeper } of members) keeper.begin();
  // At one hour of the clock of the store.
  ahead = HOUR - ((performance.timeOrigin + performance.now()) % HOUR);
  const [one, two, three] = members.map(({ keeper }) => keeper);
  const hosts = async (keeper: Keeper | undefined, host: string) => (await keeper?.demand(host))?.hosts;
  expect(await hosts(one, 'a.shops.example')).toEqual(['a.shops.example']);
  // Not counted again.
  expect(await hosts(two, 'a.shops.example')).toEqual(['a.shops.example']);
  expect(await hosts(two, 'b.shops.example')).toEqual(['b.shops.example']);
  expect(await hosts(three, 'c.shops.example')).toBeUndefined();
  // Nothing is kept of further names, however many clients ask for.
  expect(await hosts(three, 'd.shops.example')).toBeUndefined();
  expect(three?.status.map((kept) => kept.hosts[0]).toSorted()).toEqual(
    ['a', 'b', 'c'].map((label) => `${label}.shops.example`),
  );
  expect(ca.orders).toHaveLength(2);
  expect(log.lines.filter((line) => JSON.stringify(line).includes('onDemand.perHour'))).toHaveLength(1);
  ahead += HOUR;
  // It is tried again after half a minute, if a client asks.
  clock.move(31_000);
  expect(await hosts(three, 'c.shops.example')).toEqual(['c.shops.example']);
});

test('a member that comes later has the certificate when it starts, and asks nothing of the CA', async () => {
  (await enter('one')).keeper.begin();
  await allServeTheSame();
  const asked = ca.requests.length;
  const later = await enter('two');
  expect(later.published).toHaveLength(1);
  later.keeper.begin();
  await vi.waitFor(() => expect(later.keeper.status[0]?.isBusy).toBe(false), PATIENCE);
  expect(ca.requests.slice(asked)).toEqual(['GET /directory']);
});

test('a member starts with what it has itself while the store is away, and orders nothing', async () => {
  const one = await enter('one');
  one.keeper.begin();
  const sha256 = await allServeTheSame();
  await one.keeper.close();
  await one.shared.close();
  isAway = true;
  members = [];
  const again = await enter('one', { certificates: [['a.example'], ['b.example']] });
  again.keeper.begin();
  expect(shas()).toEqual([sha256]);
  await vi.waitFor(() => expect(again.keeper.status[1]?.error).toContain('The store cannot be asked'), PATIENCE);
  expect(ca.orders).toHaveLength(1);
  isAway = false;
  clock.move(30_000);
  await vi.waitFor(() => expect(again.published).toHaveLength(2), PATIENCE);
  expect([ca.orders.length, ca.accounts.size]).toEqual([2, 1]);
});

test('an order that is asked for before the store is connected is made as soon as that is', async () => {
  isAway = true;
  const one = await enter('one', { certificates: [], onDemand: { allow: ['a.example'], perHour: 1 } });
  one.keeper.begin();
  unanswered = () => void (isAway = false);
  expect((await one.keeper.demand('a.example'))?.hosts).toEqual(['a.example']);
});

test('an order survives that no call of the store is answered at first', async () => {
  const onDemand = { allow: ['a.example'], perHour: 5 };
  const one = await enter('one', { certificates: [], onDemand, patience: 10_000 });
  one.keeper.begin();
  failedOnce = new Set();
  expect((await one.keeper.demand('a.example'))?.hosts).toEqual(['a.example']);
  expect(failedOnce.size).toBeGreaterThan(6);
  expect(ca.orders).toHaveLength(1);
});

test('after five seconds what could not be ordered without the store is ordered, and has not counted before', async () => {
  isAway = true;
  const one = await enter('one', { certificates: [], onDemand: { allow: ['a.example'], perHour: 1 } });
  one.keeper.begin();
  for (let time = 0; time < 3; time += 1) {
    expect(await one.keeper.demand('a.example')).toBeUndefined();
    clock.move(5_000);
    await vi.waitFor(() => expect(one.keeper.status).toEqual([]), PATIENCE);
  }
  expect(log.lines.filter(({ message }) => message === 'acme: nothing is ordered at present')).toHaveLength(1);
  isAway = false;
  expect((await one.keeper.demand('a.example'))?.hosts).toEqual(['a.example']);
});

test('a keeper that waits for the store ends at once', async () => {
  isAway = true;
  const one = await enter('one', { patience: 60_000 });
  const asked = new Promise<void>((resolve) => void (unanswered = resolve));
  one.keeper.begin();
  await asked;
  await one.keeper.close();
  expect(log.lines.some(({ message }) => message === 'acme: nothing is ordered at present')).toBe(false);
});

test('a certificate is renewed once by all members', async () => {
  for (const name of ['one', 'two', 'three']) await enter(name);
  for (const { keeper } of members) keeper.begin();
  const before = await allServeTheSame();
  await vi.waitFor(
    () => expect(members.every(({ keeper }) => keeper.status[0]?.isBusy === false)).toBe(true),
    PATIENCE,
  );
  clock.move(64 * DAY);
  await vi.waitFor(() => expect(shas()).not.toContain(before), PATIENCE);
  await allServeTheSame();
  expect(ca.orders).toHaveLength(2);
});

test('members that come with certificates of their own use the newest one, and the account of the first', async () => {
  for (const name of ['one', 'two']) {
    const folder = await StateFolder.open(join(root, name), DIRECTORY, log);
    let open = NO_CHALLENGES;
    ca.behaviour.validate = (_, token) => open.http[token];
    const board = new Board('http-01', async (now) => void (open = now), clock);
    const alone = await Keeper.open(
      { directory: DIRECTORY, certificates: [['a.example']] },
      { state: folder, ask: ca.ask, solver: board, clock, log, random: () => 0, publish: () => undefined },
    );
    alone.begin();
    await vi.waitFor(() => expect(alone.status[0]?.notAfter).toBeDefined(), PATIENCE);
    await alone.close();
    clock.move(DAY);
  }
  const newest = (await (await StateFolder.open(join(root, 'two'), DIRECTORY, log)).certificate('a.example'))?.sha256;
  for (const name of ['one', 'two', 'three']) await enter(name);
  expect(await allServeTheSame()).toBe(newest);
  expect(ca.orders).toHaveLength(2);
});

test('a store that was wiped gets everything back from the members', async () => {
  await enter('one');
  await enter('two');
  for (const { keeper } of members) keeper.begin();
  const sha256 = await allServeTheSame();
  await inner.close();
  const logger: never = log as never;
  inner = await openStore({ type: 'memory', logger });
  store = switchable(inner);
  const old = members.splice(0);
  for (const { keeper, shared } of old) await keeper.close().then(() => shared.close());
  for (const name of ['one', 'two', 'three']) await enter(name);
  expect(await allServeTheSame()).toBe(sha256);
  for (const { keeper } of members) keeper.begin();
  clock.move(64 * DAY);
  await vi.waitFor(() => expect(ca.orders).toHaveLength(2), PATIENCE);
  await allServeTheSame();
  expect(ca.accounts.size).toBe(1);
});

test('a holder that was halted does not overwrite what another one has got meanwhile', async () => {
  const [one, two] = [await enter('one'), await enter('two')];
  const halted = await one.shared.storage.lock('a.example');
  expect(await two.shared.storage.lock('a.example')).toBeUndefined();
  ahead += 31_000;
  two.keeper.begin();
  await vi.waitFor(() => expect(two.published).toHaveLength(1), PATIENCE);
  const sha256 = await allServeTheSame();
  const late = { ...two.published[0], sha256: 'another' } as IssuedCertificate;
  await expect(halted?.saveCertificate(late)).rejects.toMatchObject({ kind: 'taken' });
  await expect(halted?.saveProgress({ hosts: ['a.example'], failures: [] })).rejects.toMatchObject({ kind: 'taken' });
  expect(shas()).toEqual([sha256, sha256]);
});

test('after a failure at one member no other one tries before its time', async () => {
  ca.behaviour.validate = () => undefined;
  for (const name of ['one', 'two', 'three']) await enter(name);
  for (const { keeper } of members) keeper.begin();
  await vi.waitFor(() => expect(ca.orders).toHaveLength(1), PATIENCE);
  for (let half = 0; half < 60; half += 1) {
    clock.move(30_000);
    await new Promise((resolve) => void setTimeout(resolve, 1));
  }
  await vi.waitFor(
    () => expect(members.every(({ keeper }) => keeper.status[0]?.error !== undefined)).toBe(true),
    PATIENCE,
  );
  expect(ca.orders).toHaveLength(1);
});

test('handshakes at any member wait for the certificate that one of them orders', async () => {
  const onDemand = { allow: ['*.shops.example'], perHour: 5 };
  for (const name of ['one', 'two', 'three']) await enter(name, { certificates: [], onDemand });
  for (const { keeper } of members) keeper.begin();
  const all = await Promise.all(members.map(({ keeper }) => keeper.demand('a.shops.example')));
  expect(new Set(all.map((issued) => issued?.sha256)).size).toBe(1);
  expect([all[0]?.hosts, ca.orders.length]).toEqual([['a.shops.example'], 1]);
});

test('the CA is told in spite of a member that does not answer, which is said', async () => {
  await enter('one');
  const silent = await enter('two');
  const values = new SealedValues(store, new Sealer('edge', [SECRET]));
  await silent.keeper.close();
  await silent.shared.close();
  members.pop();
  const { AcmeNames } = await import('./acme-names.ts');
  await values.put(new AcmeNames(DIRECTORY).known('two'), []);
  members[0]?.keeper.begin();
  await allServeTheSame();
  expect(log.lines).toContainEqual(
    expect.objectContaining({ level: 'warn', fields: { host: 'a.example', members: ['two'] } }),
  );
});

test('the store has neither keys nor hosts in clear text', async () => {
  const seen: string[] = [];
  const put = inner.put.bind(inner);
  inner.put = (key, value, options) => {
    seen.push(key, value);
    return put(key, value, options);
  };
  (await enter('one')).keeper.begin();
  await allServeTheSame();
  expect(seen.length).toBeGreaterThan(6);
  expect(seen.join('\n')).not.toMatch(/example|PRIVATE|ca\.test|http-01/u);
});

test('a member with another secret keeps its own, overwrites nothing, and says so', async () => {
  (await enter('one')).keeper.begin();
  const sha256 = await allServeTheSame();
  const other = await enter('two', {}, randomBytes(32));
  other.keeper.begin();
  await vi.waitFor(() => expect(other.keeper.status[0]?.error).toContain('cluster.secret'), PATIENCE);
  expect(other.published).toEqual([]);
  expect(members[0]?.published[0]?.sha256).toBe(sha256);
  expect(ca.orders).toHaveLength(1);
});
