import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { describeRequiring } from '../../support/requires.ts';
import { CLUSTER_NEEDS, ClusterLab, type Member } from './cluster-lab.ts';
import { configurationOf, LIMIT, LOAD } from './configuration.ts';
import { FAULTS, MOVABLE_CLOCK } from './faults.ts';
import { type LimitWords, limitWords } from './limit-words.ts';
import type { Load } from './load.ts';
import type { LoadReport } from './load-protocol.ts';
import { MEMBERS } from './machines/network.ts';
import { clusterStatus } from './cluster-status.ts';
import { resumption } from './resumption.ts';
import { push, type Pushed, stale, versions } from './pushing.ts';
import type { StoreKind } from './machines/store-machine.ts';

const isLong = process.env.INBAND_TEST_LONG !== undefined;

/** Stores, and workers of each member. In the short form one member has two. */
const FORMS: readonly (readonly [StoreKind, readonly number[]])[] = isLong
  ? [
      ['redis', [1, 1, 1]],
      ['redis', [2, 2, 2]],
      ['nats', [1, 1, 1]],
      ['nats', [2, 2, 2]],
    ]
  : [['redis', [2, 1, 1]]];

/** What one process may spend before it is charged, and what it has of a lease: 100 ms of the rate each. */
const ADVANCE = 10;
const LEASE = 10;
/** Milliseconds of one look at what passes. */
const LOOK = 1_000;
/** Milliseconds within which it is as it has to be. */
const PATIENCE = 12_000;
const SOON = { timeout: PATIENCE, interval: 100 };

const faults = FAULTS.filter(({ isShort }) => isLong || isShort === true);

/** What is seen of a cluster in which something is wrong, in the words of docs/cluster.md. */
interface Seen extends LimitWords {
  /** What was pushed before. */
  readonly pushed: string;
  /** What becomes of a push meanwhile. */
  readonly push: string;
  /** What becomes of a TLS session that another member resumes. */
  readonly tickets: string;
  /** What `inband cluster status` says. */
  readonly status: string;
}

/** What docs/cluster.md says of each fault. */
function documented(): Map<string, Seen> {
  const page = readFileSync(new URL('../../../docs/cluster.md', import.meta.url), 'utf8');
  const [, section = ''] = page.split('\n## When the store fails\n');
  const rows = Array.from(section.matchAll(/^\| (.+) \|$/gm), ([, cells = '']) => cells.split(' | '));
  return new Map(
    rows.map(([fault = '', local = '', open = '', closed = '', hard = '', soft = '', ...rest]) => {
      const [pushed = '', pushing = '', tickets = '', status = ''] = rest;
      return [fault, { local, open, closed, hard, soft, pushed, push: pushing, tickets, status }];
    }),
  );
}

function isLike(words: LimitWords, expected: LimitWords): boolean {
  return JSON.stringify({ ...expected, ...words }) === JSON.stringify(expected);
}

/** Pushes at one of the members, and again while another one puts back what the store has lost. */
async function pushAlone(lab: ClusterLab, index: number, version: string): Promise<Pushed> {
  const end = performance.now() + PATIENCE;
  for (;;) {
    const pushed = await push(lab, index, version);
    if (pushed.status !== 409 || performance.now() > end) return pushed;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** What the program says of its cluster, as soon as it is what is expected, or it takes too long. */
async function statusFor(lab: ClusterLab, index: number, expected: string): Promise<string> {
  // It beats every ten seconds, which is too long for the short form.
  if (!isLong) return expected;
  const end = performance.now() + PATIENCE;
  for (;;) {
    const status = await clusterStatus(lab.folderOf(index));
    if (status === expected || performance.now() > end) return status;
  }
}

for (const [kind, workers] of FORMS) {
  describeRequiring(CLUSTER_NEEDS, `three members with ${workers.join(', ')} workers and ${kind}`, () => {
    let lab: ClusterLab;
    let load: Load;
    let finished: Promise<LoadReport> | undefined;
    let members: Member[];
    const failures: string[] = [];
    /** Of the newest version that was pushed. */
    let newest = 0;

    beforeAll(async () => {
      lab = await ClusterLab.create(kind, { hasRelay: isLong });
      members = await Promise.all(MEMBERS.map((_, index) => start(index)));
      load = await lab.load(LOAD);
    }, 120_000);
    afterAll(() => lab?.close());

    function start(index: number): Promise<Member> {
      const own = { url: lab.store.url, workers: workers[index] ?? 1, folder: lab.folderOf(index), secret: lab.secret };
      return lab.startMember(index, configurationOf(index, own), {
        hasMovableClock: isLong && index === MOVABLE_CLOCK,
      });
    }

    /** Pushes another version at one of the members until it is taken, or it takes too long. */
    async function pushNext(index: number): Promise<void> {
      newest += 1;
      await vi.waitFor(async () => expect(await push(lab, index, `${newest}`)).toMatchObject({ status: 200 }), SOON);
      expect(await versions(lab)).toEqual(MEMBERS.map(() => `${newest}`));
    }

    /** What becomes of what was pushed, and of a push at one of the members. */
    async function pushWords(index: number): Promise<Pick<Seen, 'pushed' | 'push'>> {
      const before = await versions(lab);
      const { status, text } = await pushAlone(lab, index, `${newest + 1}`);
      if (status === 200) newest += 1;
      expect(await versions(lab)).toEqual(MEMBERS.map(() => `${newest}`));
      const known = status === 503 ? 'refused' : `${status}: ${text}`;
      return {
        pushed: before.every((version) => version === before[0]) ? 'stays' : before.join(', '),
        push: status === 200 ? 'reaches all' : known,
      };
    }

    async function look(time = LOOK): Promise<LoadReport> {
      await load.report().then(note);
      await new Promise((resolve) => setTimeout(resolve, time));
      return note(await load.report());
    }

    function note(report: LoadReport): LoadReport {
      failures.push(
        ...report.targets.flatMap(({ name, failures: all }) => all.map((failure) => `${name}: ${failure}`)),
      );
      return report;
    }

    function expectNoFailure(): void {
      const seen = failures.splice(0);
      expect({ failed: seen.length, first: seen.slice(0, 5), last: seen.slice(-5) }).toEqual({
        failed: 0,
        first: [],
        last: [],
      });
    }

    /** Looks until it sees what is expected, or it takes too long; gives what it saw last. */
    async function lookFor(expected: LimitWords): Promise<LimitWords> {
      const end = performance.now() + PATIENCE;
      for (;;) {
        const words = limitWords(await look());
        if (performance.now() > end || isLike(words, expected)) return words;
      }
    }

    const SHARED = { local: 'shared', open: 'shared', closed: 'shared', hard: 'passes', soft: 'passes' };

    test('a limit of 100/s holds for all three together', async () => {
      expect(await lookFor(SHARED)).toEqual(SHARED);
      const report = await look(3_000);
      const passed = report.targets
        .filter(({ name }) => name.startsWith('limited'))
        .reduce((sum, { statuses }) => sum + (statuses[200] ?? 0), 0);
      const given = (LIMIT.perSecond * report.time) / 1_000;
      const most = given + (LIMIT.perSecond * report.halted) / 1_000 + LIMIT.burst;
      const processes = workers.reduce((sum, count) => sum + count, 0);
      expect(passed).toBeLessThanOrEqual(most + processes * (ADVANCE + LEASE));
      expect(passed).toBeGreaterThan(given * 0.8);
    });

    test('a push reaches all members, and one that a member refuses reaches none', async () => {
      await pushNext(0);
      for (const index of [0, 1]) await writeFile(join(lab.folderOf(index), 'office.txt'), '192.0.2.0/24\n');
      const bad = await push(lab, 1, 'bad', { zones: { office: { file: 'office.txt' } } });
      expect(bad.status).toBe(422);
      expect(bad.text).toContain('edge3');
      expect(await versions(lab)).toEqual(MEMBERS.map(() => `${newest}`));
      await pushNext(2);
    });

    test.each(faults)(
      '$name: no request fails, all is as the page says, and comes back by itself',
      async ({ name, prepare, begin, end }) => {
        const expected = documented().get(name);
        if (expected === undefined) throw new Error(`docs/cluster.md does not have "${name}".`);
        await prepare?.(lab);
        await pushNext(0);
        expect(await lookFor(SHARED), 'before').toEqual(SHARED);
        await begin(lab);
        const [limits, status] = await Promise.all([lookFor(expected), statusFor(lab, 1, expected.status)]);
        const tickets = await resumption(lab.network.clients);
        const seen = { ...limits, ...(await pushWords(1)), tickets, status };
        await end(lab);
        expect(seen).toEqual(expected);
        expect(await lookFor(SHARED), 'afterwards').toEqual(SHARED);
        await pushNext(2);
        expectNoFailure();
      },
      90_000,
    );

    test('the load ends without a failed request', async () => {
      finished ??= load.finish();
      note(await finished);
      expectNoFailure();
    });

    test('a member that starts while the store is away has what was pushed last', async () => {
      await lab.store.kill();
      members[1]?.program.kill('SIGTERM');
      await members[1]?.program.ended;
      members[1] = await start(1);
      expect(await versions(lab)).toEqual(MEMBERS.map(() => `${newest}`));
      await vi.waitFor(async () => expect(Math.min(...(await stale(lab)))).toBeGreaterThan(0), SOON);
      await lab.store.start();
      await pushNext(1);
    });
  });
}
