import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeRequiring } from '../../support/requires.ts';
import { LAB_NEEDS } from '../lab.ts';
import { Namespace } from '../namespace.ts';
import { type Cell, cells, FAULTS, REQUESTS, type Seen } from './cells.ts';

const PROGRAM = fileURLToPath(new URL('faults-program.ts', import.meta.url));
const isLong = process.env.INBAND_TEST_LONG !== undefined;
const chosen = isLong ? cells() : cells(['GET'], [1]);
const parameters = isLong ? [] : ['GET', '1'];

const COUNTS = { one: 1, two: 2, all: 3 } as const;

interface Documented {
  readonly first: readonly string[];
  readonly later: readonly string[];
}

/** What docs/pools.md says of each cell, by `keyOf`. */
function documentedCells(): Map<string, Documented> {
  const page = readFileSync(new URL('../../../docs/pools.md', import.meta.url), 'utf8');
  const rows = Array.from(page.matchAll(/^\| ([a-z0-9 ]+) \| (one|two|all) \| (.*) \|$/gm));
  return new Map(
    rows.flatMap(([, fault = '', count, texts = '']) =>
      texts.split(' | ').map((text, column) => {
        const dead = COUNTS[count as keyof typeof COUNTS];
        return [`${fault}, ${dead}, ${REQUESTS[column]}`, outcomesOf(text)] as const;
      }),
    ),
  );
}

function outcomesOf(text: string): Documented {
  const [before = '', after = before] = text.split(', then ');
  return { first: before.split(', '), later: after.split(', ') };
}

function keyOf({ fault, dead, asks }: Cell): string {
  return `${fault}, ${dead}, ${asks}`;
}

/** In the words of the page. */
function worded(seen: readonly string[]): string[] {
  return seen.map((each) => (each === 'nothing' ? 'waits' : each));
}

describeRequiring(LAB_NEEDS, 'a pool of three servers', () => {
  let namespace: Namespace;
  let all: readonly Seen[];

  beforeAll(async () => {
    namespace = await Namespace.create('pool-faults');
    await namespace.ip('link set lo up');
    const { status, stdout, stderr } = await namespace.execute([process.execPath, PROGRAM, ...parameters], '', 120_000);
    if (status !== 0) throw new Error(`the program ended with ${status}: ${stderr}`);
    all = JSON.parse(stdout) as Seen[];
  }, 150_000);
  afterAll(() => namespace?.close());

  test('every fault is on the page, for every count and request', () => {
    expect(documentedCells().size).toBe(FAULTS.length * 9);
  });

  test.each(chosen.map((cell) => [keyOf(cell), cell] as const))('%s: clients see what the page says', (key, cell) => {
    const seen = all.find((each) => keyOf(each) === keyOf(cell));
    const documented = documentedCells().get(key);
    expect(documented?.first, 'until it is found out').toEqual(expect.arrayContaining(worded(seen?.first ?? ['?'])));
    expect(documented?.later, 'from then on').toEqual(expect.arrayContaining(worded(seen?.later ?? ['?'])));
    expect(seen, 'when it is well again').toMatchObject({ healed: ['200'], serversAgain: 3 });
    if (cell.dead < 3) expect(seen?.wasted, 'requests at servers that were found out').toBe(0);
    if (cell.dead === 1 && cell.asks === 'GET')
      expect(new Set(['200', ...(seen?.first ?? []), ...(seen?.later ?? [])]).size).toBe(1);
  });
});
