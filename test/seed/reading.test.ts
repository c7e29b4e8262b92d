import { describe, expect, test } from 'vitest';
import { readPage } from './page.ts';
import { SourceSymbols } from './symbols.ts';
import { countTitle, testTitles } from './titles.ts';

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

describe('symbols of a source', () => {
  const symbols = new SourceSymbols(`
    export abstract class Car extends Base {
      readonly wheels: number = 4;
      #secret = 1;
      constructor(owner: string) { super(); }
      get colour(): string { return 'red'; }
      override drive(_to: string, { fast }: Options = {}, far = 1): void {}
    }
    export interface Shop { readonly opens: number; sell(car: Car): void }
    export type Address = { family: 'inet'; port: number } | { family: 'unix'; path: string };
    export type Dial = (remote: Address) => void;
    export const shape = { local: 1, 'forge-addr': 2 } as const;
    export const run = (now: number) => now;
    export function go(where: Address): void {}
    function hidden(): void {}
  `);

  test.each(
    words(`
    Car Car.wheels Car.constructor Car.constructor(owner) Car.colour Car.drive Car.drive(to) Car.drive(far)
    Shop.opens Shop.sell(car) Address.port Address.path Dial(remote) shape.local run(now) go go(where)
    `),
  )('%s is found', (symbol) => expect(symbols.has(symbol)).toBe(true));

  test.each(
    words(`
    Bus hidden Car.secret Car.#secret Car.drive(from) Car.wheels.size Shop.car Dial(local) shape.remote go.where
    Car. Car.drive()
    `),
  )('%s is not', (symbol) => expect(symbols.has(symbol)).toBe(false));
});

test('titles of tests are read as they are written, with the groups that they stand in', () => {
  const source = `
    test('alone', () => {});
    // test('in a comment', () => {});
    describe('group', () => {
      test.each([['a']])('each %s', () => expect('x').toBe('x'));
      describe.each(['b'])(\`inner \${name}\`, () => { it("it's", () => {}); });
    });
    describeRequiring({ root: true }, 'as root', () => { if (true) { test('deep', () => {}); } });
    e2e.each([1, 2])('through the program', async (lab) => {});
    chainers('not a test', () => {});
  `;
  expect(testTitles(source)).toEqual([
    'alone',
    'group › each %s',
    "group › inner ${name} › it's",
    'as root › deep',
    'through the program',
  ]);
});

test('a reference means a whole title, with as many of its groups as it names', () => {
  const titles = ['alone', 'one › same', 'two › same', 'one › only'];
  const counts = ['alone', 'same', 'one › same', 'only', 'nly', 'one'].map((reference) =>
    countTitle(titles, reference),
  );
  expect(counts).toEqual([1, 2, 1, 1, 0, 0]);
});

test('rows of a page are read with their section and links', () => {
  const page = [
    '## Car',
    '',
    '| seed | here | shown by |',
    '| ---- | ---- | -------- |',
    '| `Car.drive(to)` | [`Car.drive(to)`](../car.ts), as ever | [drives \\[far\\]](../car.test.ts), [x](y.md), {no link} |',
  ].join('\n');
  expect(readPage(page)).toEqual([
    {
      section: 'Car',
      item: 'Car.drive(to)',
      symbols: [{ text: 'Car.drive(to)', file: 'car.ts' }],
      tests: [
        { text: 'drives [far]', file: 'car.test.ts' },
        { text: 'x', file: 'docs/y.md' },
      ],
      unlinked: '{nolink}',
    },
  ]);
});
