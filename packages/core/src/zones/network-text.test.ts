import { describe, expect, test } from 'vitest';
import type { NetworkList } from './network-list.ts';
import { readNetworks, runAtOnce, runInIterations } from './network-text.ts';

function read(text: string) {
  const { networks, problems, problemCount } = runAtOnce(readNetworks(text));
  return { keys: keysOf(networks), size: networks.size, problems, problemCount };
}

function keysOf({ v4, v6 }: NetworkList): string[] {
  return [...v4, ...v6].flatMap(({ prefix, keys }) => keys.map((key) => `${key}/${prefix}`));
}

describe('a file of networks', () => {
  test('has one network or address a line', () => {
    expect(read('10.0.0.0/8\n192.0.2.1\n::1\n')).toEqual({
      keys: ['10/8', `${(192 << 24) | (2 << 8) | 1}/32`, '1/128'],
      size: 3,
      problems: [],
      problemCount: 0,
    });
  });

  test.each([
    ['comments', '# nets\n10.0.0.0/8 # ours\n#11.0.0.0/8'],
    ['empty lines and white space', '\n \t\n\t 10.0.0.0/8 \t\n\n'],
    ['CRLF', '10.0.0.0/8\r\n\r\n# end\r\n'],
    ['a byte order mark', '\ufeff10.0.0.0/8\n'],
    ['a last line without an end', '\n10.0.0.0/8'],
    ['comments in any language', '# Straße 東京\n10.0.0.0/8'],
  ])('may have %s', (_what, text) => {
    expect(read(text)).toMatchObject({ keys: ['10/8'], problems: [], problemCount: 0 });
  });

  test('may be empty', () => {
    expect(read('')).toMatchObject({ size: 0, problemCount: 0 });
  });

  test('says in which line what is wrong, and reads on', () => {
    expect(read('10.0.0.1/8\n\n# fine\n1.2.3\r\n9.9.9.9')).toMatchObject({
      size: 1,
      problems: [
        { line: 1, message: expect.stringContaining('"10.0.0.1/8" has bits set beyond its prefix') },
        { line: 4, message: '"1.2.3" is not an IPv4 or IPv6 address.' },
      ],
      problemCount: 2,
    });
  });

  test('repeats nothing that is long or might not be text', () => {
    const { problems } = read(`${'9'.repeat(65)}\n\u001b[2J\n10.0.0.0 /8\u202e`);
    expect(problems.map(({ message }) => message)).toEqual(Array(3).fill('expected an address or a CIDR, one a line.'));
  });

  test('tells of the first ten problems and counts the others', () => {
    const { problems, problemCount } = read('x\n'.repeat(25));
    expect(problems).toHaveLength(10);
    expect(problemCount).toBe(25);
  });

  test('lets others have their turn every thousand lines', async () => {
    let turns = 0;
    const steps = readNetworks('10.0.0.0/8\n'.repeat(3_500));
    while (steps.next().done !== true) turns += 1;
    expect(turns).toBe(3);
    let others = 0;
    const other = (): NodeJS.Immediate => setImmediate(() => ((others += 1), (immediate = other())));
    let immediate = other();
    const { networks } = await runInIterations(readNetworks('10.0.0.0/8\n'.repeat(3_500)));
    clearImmediate(immediate);
    expect(networks.size).toBe(3_500);
    expect(others).toBeGreaterThanOrEqual(3);
  });
});
