import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { perForm, runs } from '../../../../test/support/tiers/runs.ts';
import { parseIp } from '../base/ip.ts';
import { runAtOnce } from '../zones/network-text.ts';
import { type HostText, HostTextReader } from './host-text.ts';

/** Reads a text in pieces of some bytes. */
function read(text: string, piece = 7): HostText {
  const reader = new HostTextReader();
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += piece) reader.read(bytes.subarray(start, start + piece));
  return runAtOnce(reader.end());
}

const has = ({ hosts }: HostText, host: string): boolean => hosts.has(host, parseIp(host) !== undefined);

test.each<[string, readonly string[], readonly string[]]>([
  ['example.com', ['example.com'], ['www.example.com', 'com', 'xexample.com']],
  ['*.example.com', ['www.example.com', 'a.b.example.com'], ['example.com', '.example.com', 'xexample.com']],
  ['.example.com', ['example.com', 'www.example.com'], ['com', 'xexample.com', 'example.co']],
  ['Example.COM.', ['example.com'], ['example']],
  ['0.0.0.0 ads.example', ['ads.example'], ['0.0.0.0', 'www.ads.example']],
  ['127.0.0.1\tlocalhost a.example  b.example # c.example', ['a.example', 'b.example'], ['localhost', 'c.example']],
  ['::1 ip6-localhost ip6-loopback', [], ['ip6-localhost', '::1']],
  ['0.0.0.0 0.0.0.0', [], ['0.0.0.0']],
  ['192.0.2.1', ['192.0.2.1'], ['1.192.0.2.1']],
  ['2001:DB8::0:1', ['2001:db8::1'], []],
  ['# a.example', [], ['a.example']],
  ['  a.example  # why', ['a.example'], []],
  ['\ufeffa.example', ['a.example'], []],
  ['a.example\r\n\r\n.b.example\r\n', ['a.example', 'x.b.example'], []],
  ['bücher.example', ['xn--bcher-kva.example'], []],
  ['straße.example', ['xn--strae-oqa.example'], []],
  ['.BÜCHER.example', ['www.xn--bcher-kva.example'], []],
])('the line %j lists the right hosts', (text, inside, outside) => {
  const found = read(text);
  expect(found.problems).toEqual([]);
  expect(inside.filter((host) => !has(found, host))).toEqual([]);
  expect(outside.filter((host) => has(found, host))).toEqual([]);
});

test.each([
  ['a.example\n\nhttps://b.example/', 3, /^"https:\/\/b\.example\/" is not a host/],
  ['a.example b.example', 1, /one host a line/],
  ['*', 1, /not a host/],
  ['a.*.example', 1, /not a host/],
  ['.192.0.2.1', 1, /not a host/],
  ['0.0.0.0 .example', 1, /not a host/],
  [`${'a'.repeat(60)}.`.repeat(5), 1, /not a host/],
  ['bücher.example/x', 1, /not a host/],
  ['\ufffd.example', 1, /not a host/],
  [`a.example\n${'x'.repeat(100_000)}\nb.example`, 2, /too long/],
  ['x'.repeat(100_000), 1, /too long/],
  ['a.example\n\u0000\u0001', 2, /^what is written here is not/],
])('a wrong line is named with its number', (text, line, message) => {
  const { problems, problemCount } = read(text, 5000);
  expect(problemCount).toBe(1);
  expect(problems).toEqual([{ line, message: expect.stringMatching(message) }]);
});

test('wrong lines are counted, and the first ten are named', () => {
  const { problems, problemCount } = read('a/b\n'.repeat(50));
  expect(problemCount).toBe(50);
  expect(problems.map(({ line }) => line)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test('a list has exactly the hosts that its lines match one by one, however it is cut into pieces', () => {
  const label = fc.constantFrom('a', 'b', 'example', 'xa');
  const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
  const line = fc.tuple(fc.constantFrom('', '.', '*.'), name).map(([before, after]) => before + after);
  const matches = (entry: string, host: string): boolean => {
    if (entry.startsWith('*.')) return host.endsWith(entry.slice(1));
    return entry.startsWith('.') ? `.${host}`.endsWith(entry) : host === entry;
  };
  const lists = fc.array(line, { maxLength: 12 });
  fc.assert(
    fc.property(lists, fc.array(name, { minLength: 1 }), fc.integer({ min: 1, max: 40 }), (lines, hosts, piece) => {
      const list = read(lines.join('\n'), piece);
      expect(list.hosts.size).toBe(new Set(lines.map((entry) => entry.replace(/^\*?\./, ''))).size);
      for (const host of hosts) expect(has(list, host)).toBe(lines.some((entry) => matches(entry, host)));
    }),
    { numRuns: runs(500) },
  );
});

/** A name as they are in block lists, of 21 characters on average. */
const nameOf = (index: number): string => `${(index * 2_654_435_761) % 2 ** 32}.host${index % 977}.example`;

test('many names take at most 64 MiB, and a look-up visits no more slots than among a thousand', () => {
  const visited = (count: number): number => {
    const reader = new HostTextReader(count * 24);
    for (let index = 0; index < count; index += 1000) {
      const lines = Array.from({ length: 1000 }, (_, offset) => `.${nameOf(index + offset)}\n`);
      reader.read(Buffer.from(lines.join('')));
    }
    const { hosts } = runAtOnce(reader.end());
    expect(hosts.size).toBe(count);
    expect(hosts.byteLength).toBeLessThan(64 * 2 ** 20);
    for (let index = 0; index < 1000; index += 1) {
      const name = nameOf((index * 997) % count);
      // `expect` costs more than to look up.
      if (!hosts.has(`www.${name}`, false) || hosts.has(`www.${nameOf(index)}.other`, false)) expect.fail(name);
    }
    return hosts.visited / 2000;
  };
  // Five suffixes of a host; half of the slots are in use. Which ones is chance, because each list has a seed of its own: 9 are visited in the
  // middle, and 20 at most of 400 lists. With two thirds in use, as of 10,000 names, it was more than 25 once in a hundred.
  expect(visited(1000)).toBeLessThan(25);
  expect(visited(perForm(1_000_000, 8_000))).toBeLessThan(25);
});

test('the end of a long list is read in many steps', () => {
  const reader = new HostTextReader();
  reader.read(Buffer.from(Array.from({ length: 20_000 }, (_, index) => `${nameOf(index)}\n`).join('')));
  // One copies the names.
  expect([...reader.end()]).toHaveLength(5);
});
