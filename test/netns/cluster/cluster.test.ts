import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeRequiring } from '../../support/requires.ts';
import { CLUSTER_NEEDS, ClusterLab } from './cluster-lab.ts';
import { configurationOf, LIMIT, LOAD } from './configuration.ts';
import { FAULTS, MOVABLE_CLOCK } from './faults.ts';
import { type LimitWords, limitWords } from './limit-words.ts';
import type { Load } from './load.ts';
import type { LoadReport } from './load-protocol.ts';
import { MEMBERS } from './network.ts';
import type { StoreKind } from './store-machine.ts';

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

const faults = FAULTS.filter(({ isShort }) => isLong || isShort === true);

/** What docs/cluster.md says of each fault. */
function documentedWords(): Map<string, LimitWords> {
  const page = readFileSync(new URL('../../../docs/cluster.md', import.meta.url), 'utf8');
  const [, section = ''] = page.split('\n## When the store fails\n');
  const rows = Array.from(section.matchAll(/^\| ([a-z ]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|/gm));
  return new Map(
    rows.map(([, fault = '', local = '', open = '', closed = '']) => [fault, { local, open, closed }] as const),
  );
}

for (const [kind, workers] of FORMS) {
  describeRequiring(CLUSTER_NEEDS, `three members with ${workers.join(', ')} workers and ${kind}`, () => {
    let lab: ClusterLab;
    let load: Load;
    const failures: string[] = [];

    beforeAll(async () => {
      lab = await ClusterLab.create(kind, { hasRelay: isLong });
      const { url } = lab.store;
      await Promise.all(
        MEMBERS.map((_, index) =>
          lab.startMember(index, configurationOf(index, { url, workers: workers[index] ?? 1 }), {
            hasMovableClock: isLong && index === MOVABLE_CLOCK,
          }),
        ),
      );
      load = await lab.load(LOAD);
    });
    afterAll(() => lab?.close());

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
        if (performance.now() > end || JSON.stringify(words) === JSON.stringify(expected)) return words;
      }
    }

    const SHARED = { local: 'shared', open: 'shared', closed: 'shared' };

    test('a limit of 100/s holds for all three together', async () => {
      expect(await lookFor(SHARED)).toEqual(SHARED);
      const report = await look(3_000);
      const passed = report.targets
        .filter(({ name }) => name.startsWith('limited'))
        .reduce((sum, { statuses }) => sum + (statuses[200] ?? 0), 0);
      const given = (LIMIT.perSecond * report.time) / 1_000;
      const processes = workers.reduce((sum, count) => sum + count, 0);
      expect(passed).toBeLessThanOrEqual(given + LIMIT.burst + processes * (ADVANCE + LEASE));
      expect(passed).toBeGreaterThan(given * 0.8);
    });

    test.each(faults)(
      '$name: no request fails, limits are what the page says, and all comes back by itself',
      async ({ name, prepare, begin, end }) => {
        const documented = documentedWords().get(name);
        if (documented === undefined) throw new Error(`docs/cluster.md does not have "${name}".`);
        await prepare?.(lab);
        expect(await lookFor(SHARED), 'before').toEqual(SHARED);
        await begin(lab);
        const seen = await lookFor(documented);
        await end(lab);
        expect(seen).toEqual(documented);
        expect(await lookFor(SHARED), 'afterwards').toEqual(SHARED);
        expectNoFailure();
      },
      60_000,
    );

    test('the load ends without a failed request', async () => {
      note(await load.finish());
      expectNoFailure();
    });
  });
}
