import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ManualClock } from '../../test-support/clocks.ts';
import { BASE, FakeCa } from '../../test-support/fake-ca.ts';
import { LinesLog } from '../../test-support/stand-ins.ts';
import { Board, NO_CHALLENGES, type OpenChallenges } from '../challenges/board.ts';
import { StateFolder } from '../state/state-folder.ts';
import type { IssuedCertificate } from '../x509/issued-certificate.ts';
import { Keeper, type KeeperOptions } from './keeper.ts';
import type { KeptStatus } from './kept.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const DIRECTORY = `${BASE}/directory`;
const PATIENCE = { timeout: 10_000, interval: 5 };

let folder: string;
let clock: ManualClock;
let ca: FakeCa;
let log: LinesLog;
let open: OpenChallenges;
let keepers: Keeper[];
let published: readonly IssuedCertificate[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-acme-'));
  clock = new ManualClock();
  ca = new FakeCa(clock);
  log = new LinesLog();
  open = NO_CHALLENGES;
  ca.behaviour.validate = (_, token) => open.http[token];
  keepers = [];
  published = [];
});

afterEach(async () => {
  await Promise.all(keepers.map((keeper) => keeper.close()));
  await rm(folder, { recursive: true });
});

async function start(options: Partial<KeeperOptions> = {}): Promise<Keeper> {
  const keeper = await Keeper.open(
    { directory: DIRECTORY, certificates: [['a.example']], ...options },
    {
      state: await StateFolder.open(folder, DIRECTORY, log),
      ask: ca.ask,
      solver: new Board('http-01', async (now) => void (open = now), clock),
      clock,
      log,
      random: () => 0,
      publish: (certificates) => void (published = certificates),
    },
  );
  keeper.begin();
  keepers.push(keeper);
  return keeper;
}

/** Resolves when nothing is asked of the CA, and `condition` holds. */
async function quiet(
  keeper: Keeper,
  condition: (status: readonly KeptStatus[]) => boolean = () => true,
): Promise<void> {
  await vi.waitFor(() => {
    const status = keeper.status;
    expect(status.every(({ isBusy, next }) => !isBusy && next > clock.now())).toBe(true);
    expect(condition(status)).toBe(true);
  }, PATIENCE);
}

const hosts = (): string[] => published.map((certificate) => certificate.hosts.join(' '));
const inFolder = async (kind: string): Promise<string[]> => {
  const [ours = ''] = await readdir(folder);
  return await readdir(join(folder, ours, kind));
};

test('each certificate that is missing is issued, and kept where only the owner reads it', async () => {
  const keeper = await start({ certificates: [['a.example'], ['b.example', 'www.b.example']] });
  await quiet(keeper);
  expect(hosts().toSorted()).toEqual(['a.example', 'b.example www.b.example']);
  const [ours = ''] = await readdir(folder);
  const files = await readdir(join(folder, ours), { recursive: true, withFileTypes: true });
  expect(
    files
      .filter((file) => file.isFile())
      .map(({ name }) => name)
      .toSorted(),
  ).toEqual(['a.example.pem', 'account.json', expect.stringMatching(/^b\.example\+1-[0-9a-f]{8}\.pem$/u)]);
  for (const file of files) {
    const { mode } = await stat(join(file.parentPath, file.name));
    expect(mode & 0o777).toBe(file.isFile() ? 0o600 : 0o700);
  }
});

test('what is there after a new start is used, and nothing is asked', async () => {
  await quiet(await start());
  const [{ sha256 } = { sha256: '' }] = published;
  await keepers.pop()?.close();
  const asked = ca.requests.length;
  published = [];
  await quiet(await start());
  expect(published.map((certificate) => certificate.sha256)).toEqual([sha256]);
  // Renewal information has no place in this CA's directory, which is read once to know.
  expect(ca.requests.slice(asked)).toEqual(['GET /directory']);
});

test('a certificate is renewed at two thirds of its lifetime, or a thirtieth of it later', async () => {
  const keeper = await start();
  await quiet(keeper);
  const [{ notAfter = 0, next } = { next: 0 }] = keeper.status;
  const begin = notAfter - 90 * DAY;
  expect(next).toBeGreaterThanOrEqual(begin + 60 * DAY);
  expect(next).toBeLessThanOrEqual(begin + 63 * DAY);
  clock.moveTo(next - 1);
  await quiet(keeper);
  expect(ca.orders).toHaveLength(1);
  clock.moveTo(next);
  await quiet(keeper, ([status]) => (status?.notAfter ?? 0) > notAfter);
  expect(ca.orders).toHaveLength(2);
  expect(published[0]?.notAfter).toBe(next - (next % 1000) + 90 * DAY);
});

test('a CA that wants it earlier gets its wish, is told what is replaced, and its reason is shown', async () => {
  const keeper = await start();
  await quiet(keeper);
  const [{ renewalId } = {}] = published;
  const [start_, end] = [clock.now() + 10 * DAY, clock.now() + 11 * DAY];
  ca.behaviour.window = {
    start: new Date(start_).toISOString(),
    end: new Date(end).toISOString(),
    explanationURL: 'https://ca.test/incident',
  };
  clock.move(6 * HOUR);
  await quiet(keeper, ([status]) => status?.explanation === 'https://ca.test/incident');
  const [{ next } = { next: 0 }] = keeper.status;
  expect(next).toBeGreaterThanOrEqual(start_);
  expect(next).toBeLessThanOrEqual(end);
  clock.moveTo(next);
  await vi.waitFor(() => expect(ca.orders).toHaveLength(2), PATIENCE);
  expect(ca.orders[1]?.payload.replaces).toBe(renewalId);
});

test('what the CA has said about renewing is known after a new start, and it is asked again when it wants to be', async () => {
  ca.behaviour.window = {
    start: new Date(clock.now() + 10 * DAY).toISOString(),
    end: new Date(clock.now() + 11 * DAY).toISOString(),
    explanationURL: 'https://ca.test/incident',
  };
  const keeper = await start();
  await quiet(keeper, ([status]) => status?.explanation === 'https://ca.test/incident');
  const [{ next } = { next: 0 }] = keeper.status;
  await keepers.pop()?.close();
  expect(await inFolder('renewals')).toEqual(['a.example.json']);
  const asked = ca.requests.length;
  clock.move(6 * HOUR - 1);
  const again = await start();
  await quiet(again);
  expect(again.status).toMatchObject([{ next, explanation: 'https://ca.test/incident' }]);
  expect(ca.requests.slice(asked)).toEqual([]);
  clock.move(1);
  await vi.waitFor(() => expect(ca.requests.slice(asked)).toHaveLength(2), PATIENCE);
  expect(ca.requests.at(-1)).toMatch(/^GET \/renewal\//u);
});

test('what the CA has said about another certificate, or cannot be read, counts for nothing', async () => {
  const far = clock.now() + HOUR;
  const window = { start: new Date(far).toISOString(), end: new Date(far + HOUR).toISOString() };
  ca.behaviour.window = window;
  await quiet(await start());
  await keepers.pop()?.close();
  const [ours = ''] = await readdir(folder);
  const file = join(folder, ours, 'renewals', 'a.example.json');
  const note = JSON.parse(await readFile(file, 'utf8')) as object;
  for (const text of [JSON.stringify({ ...note, renewalId: 'another' }), 'half']) {
    await writeFile(file, text);
    const asked = ca.requests.length;
    const keeper = await start();
    await vi.waitFor(() => expect(ca.requests.slice(asked)).toHaveLength(2), PATIENCE);
    await quiet(keeper);
    await keepers.pop()?.close();
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject(note);
  }
});

test('a validation that fails is tried again after an hour', async () => {
  ca.behaviour.validate = () => undefined;
  const keeper = await start();
  await quiet(keeper, ([status]) => status?.lastFailure !== undefined);
  expect(keeper.status[0]).toMatchObject({
    next: clock.now() + HOUR,
    error: 'The CA could not validate a.example by http-01: the answer is another one.',
  });
  clock.move(HOUR - 1);
  await quiet(keeper);
  expect(ca.orders).toHaveLength(1);
  ca.behaviour.validate = (_, token) => open.http[token];
  clock.move(1);
  await quiet(keeper, ([status]) => status?.error === undefined);
  expect(hosts()).toEqual(['a.example']);
  expect(await inFolder('orders')).toEqual([]);
});

test('a CA that cannot be reached is asked again after a minute, then two, up to an hour', async () => {
  ca.behaviour.intercept = () => ({ status: 503 });
  const keeper = await start();
  const pauses: number[] = [];
  for (let attempt = 0; attempt < 4; attempt++) {
    await quiet(keeper, ([status]) => status?.lastFailure === clock.now());
    const { next } = keeper.status[0] ?? { next: 0 };
    pauses.push(next - clock.now());
    clock.moveTo(next);
  }
  expect(pauses.map((pause) => pause / 60_000)).toEqual([1, 2, 4, 8]);
});

test('a rate limit is heeded over a new start, where other failures are tried again at once up to three times', async () => {
  ca.behaviour.validate = () => undefined;
  for (let attempt = 1; attempt <= 4; attempt++) {
    const keeper = await start();
    await quiet(keeper, ([status]) => status?.error !== undefined);
    await keepers.pop()?.close();
    expect(ca.orders).toHaveLength(Math.min(attempt, 3));
  }
  await rm(folder, { recursive: true });
  const body = { type: 'urn:ietf:params:acme:error:rateLimited', detail: 'too many' };
  ca.behaviour.intercept = ({ url }) =>
    url.endsWith('/order') ? { status: 429, body, fields: { 'retry-after': '10800' } } : undefined;
  await quiet(await start(), ([status]) => status?.error !== undefined);
  await keepers.pop()?.close();
  const again = await start();
  await quiet(again);
  expect(again.status[0]?.next).toBe(clock.now() + 3 * HOUR);
  expect(ca.count('POST /order')).toBe(4);
});

/** The machine's clock is so many milliseconds ahead of the CA's. */
function ahead(time: () => number): void {
  ca = new FakeCa({ now: () => clock.now() - time(), sleep: (pause, signal) => clock.sleep(pause, signal) });
  ca.behaviour.validate = (_, token) => open.http[token];
}

test('by a clock that is ahead a new certificate is old already, and is ordered once an hour at most', async () => {
  ahead(() => 70 * DAY);
  const keeper = await start();
  await quiet(keeper, ([status]) => status?.lastSuccess !== undefined);
  expect(ca.orders).toHaveLength(1);
  expect(keeper.status[0]?.next).toBe(clock.now() + HOUR);
});

test('a new certificate that has ended by a clock that is ahead is not used before that is set', async () => {
  const time = clock.now();
  let difference = 100 * DAY;
  clock.moveTo(time + difference);
  ahead(() => difference);
  await quiet(await start(), ([status]) => status?.error?.includes('the clock of this machine is ahead') === true);
  expect(published).toEqual([]);
  await keepers.pop()?.close();
  clock.moveTo(time);
  difference = 0;
  await quiet(await start(), () => hosts().length === 1);
  expect(ca.orders).toHaveLength(1);
});

test('a wait that was noted by a clock that was ahead ends when that is set', async () => {
  const time = clock.now();
  clock.moveTo(time + 400 * DAY);
  ca.behaviour.intercept = ({ url }) =>
    url.endsWith('/order') ? { status: 429, fields: { 'retry-after': '86400' } } : undefined;
  await quiet(await start(), ([status]) => status?.error !== undefined);
  await keepers.pop()?.close();
  clock.moveTo(time);
  ca.behaviour.intercept = () => undefined;
  await quiet(await start(), () => hosts().length === 1);
});

test('an order that was under way at the end is gone on with at the next start', async () => {
  ca.behaviour.intercept = ({ url }) => (url.includes('/certificate/') ? { status: 503 } : undefined);
  await quiet(await start(), ([status]) => status?.error !== undefined);
  await keepers.pop()?.close();
  ca.behaviour.intercept = () => undefined;
  await quiet(await start(), ([status]) => status?.error === undefined);
  expect([hosts(), ca.orders.length]).toEqual([['a.example'], 1]);
});

test('of two processes with one folder only one orders', async () => {
  const [one, other] = [await start(), await start()];
  await vi.waitFor(() => expect(published).toHaveLength(1), PATIENCE);
  await quiet(one);
  await quiet(other);
  clock.move(30_000);
  await quiet(one, ([status]) => status?.notAfter !== undefined);
  await quiet(other, ([status]) => status?.notAfter !== undefined);
  expect(ca.orders).toHaveLength(1);
  expect(ca.accounts.size).toBe(1);
});

test('files of the state folder that are broken are said and replaced', async () => {
  await quiet(await start());
  await keepers.pop()?.close();
  const [ours = ''] = await readdir(folder);
  const path = join(folder, ours, 'certificates/a.example.pem');
  await writeFile(path, (await readFile(path, 'utf8')).slice(0, 300));
  await quiet(await start());
  expect(log.lines.filter(({ level }) => level === 'warn')).toMatchObject([
    { message: 'acme: a certificate of the state folder cannot be used' },
  ]);
  expect(ca.orders).toHaveLength(2);
});

test('certificates of another CA are not used', async () => {
  await quiet(await start());
  await keepers.pop()?.close();
  const state = await StateFolder.open(folder, 'https://other.test/directory', log);
  expect(await state.names()).toEqual([]);
});

const onDemand = { allow: ['*.shops.example', 'shop.example'], perHour: 2 };

test('a handshake gets the certificate of an allowed host when it is there, and the next ones have it at once', async () => {
  const keeper = await start({ certificates: [], onDemand });
  const both = await Promise.all([keeper.demand('one.shops.example'), keeper.demand('one.shops.example')]);
  expect(both.map((issued) => issued?.hosts)).toEqual([['one.shops.example'], ['one.shops.example']]);
  expect((await keeper.demand('one.shops.example'))?.sha256).toBe(both[0]?.sha256);
  expect([ca.orders.length, hosts()]).toEqual([1, ['one.shops.example']]);
});

test.each([
  'other.example',
  'shops.example',
  'a.b.shops.example',
  'ONE.shops.example',
  '10.0.0.1',
  '*.shops.example',
  '../x',
])('nothing is ordered for %s, which is not on the list', async (host) => {
  const keeper = await start({ certificates: [], onDemand });
  expect(await keeper.demand(host)).toBeUndefined();
  expect(ca.requests).toEqual([]);
});

test('handshakes lead to so many orders an hour and no more', async () => {
  const keeper = await start({ certificates: [], onDemand });
  for (const name of ['a', 'b', 'c', 'd']) await keeper.demand(`${name}.shops.example`);
  expect(ca.orders).toHaveLength(2);
  expect(log.lines.filter(({ message }) => message.includes('onDemand.perHour'))).toHaveLength(1);
  clock.move(HOUR);
  expect((await keeper.demand('c.shops.example'))?.hosts).toEqual(['c.shops.example']);
});

test('a handshake does not try again what has failed, and waits for 20 seconds at most', async () => {
  ca.behaviour.validate = () => undefined;
  const keeper = await start({ certificates: [], onDemand });
  expect(await keeper.demand('shop.example')).toBeUndefined();
  expect(await keeper.demand('shop.example')).toBeUndefined();
  expect(ca.orders).toHaveLength(1);
  ca.behaviour.looks = 1000;
  const slow = keeper.demand('one.shops.example');
  await vi.waitFor(() => expect(ca.orders).toHaveLength(2), PATIENCE);
  clock.move(20_000);
  expect(await slow).toBeUndefined();
});

test('a certificate of a handshake is there after a new start, and forgotten when it has expired', async () => {
  const keeper = await start({ certificates: [], onDemand });
  await keeper.demand('shop.example');
  await keepers.pop()?.close();
  const again = await start({ certificates: [], onDemand });
  expect(hosts()).toEqual(['shop.example']);
  ca.behaviour.validate = () => undefined;
  clock.move(91 * DAY);
  await vi.waitFor(() => expect(again.status).toEqual([]), PATIENCE);
  await vi.waitFor(async () => expect(await inFolder('certificates')).toEqual([]), PATIENCE);
});
