import * as fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { formatIp, parseCidr, parseIp } from '../base/ip.ts';
import { NetworkList } from './network-list.ts';
import { runAtOnce } from './network-text.ts';
import { PrefixTable } from './prefix-table.ts';

const bitsOf = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');

/** Few distinct bytes, so that random networks nest and hold random addresses. */
const address = fc
  .constantFrom(4, 16)
  .chain((length) => fc.array(fc.constantFrom(0, 128, 255), { minLength: length, maxLength: length }))
  .map((values) => Uint8Array.from(values));

const network = fc.tuple(address, fc.nat(128)).map(([bytes, wanted]) => {
  const prefix = wanted % (bytes.length * 8 + 1);
  const bits = bitsOf(bytes)
    .slice(0, prefix)
    .padEnd(bytes.length * 8, '0');
  const masked = Uint8Array.from(bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2)));
  return { bytes: masked, prefix, text: `${formatIp(masked)}/${prefix}` };
});

test('finds the networks that hold an address, the smallest first, as comparing bit by bit does', () => {
  fc.assert(
    fc.property(fc.array(network, { maxLength: 20 }), address, (networks, bytes) => {
      const table = new PrefixTable<string>();
      for (const cidr of networks) table.set(cidr, cidr.text);
      const holding = networks
        .filter((cidr) => cidr.bytes.length === bytes.length)
        .filter((cidr) => bitsOf(bytes).startsWith(bitsOf(cidr.bytes).slice(0, cidr.prefix)))
        .toSorted((a, b) => b.prefix - a.prefix)
        .map((cidr) => cidr.text);
      expect(table.all(bytes)).toEqual([...new Set(holding)]);
      expect(table.longest(bytes)).toBe(holding[0]);
    }),
    { numRuns: 500 },
  );
});

test('the IPv4 and the IPv6 default network hold only their own family', () => {
  const table = new PrefixTable<string>();
  table.set(parseCidr('0.0.0.0/0')!, 'v4');
  table.set(parseCidr('::/0')!, 'v6');
  expect(table.all(parseIp('255.255.255.255')!)).toEqual(['v4']);
  expect(table.all(parseIp('ffff::')!)).toEqual(['v6']);
});

test('gives the value of exactly the network asked for', () => {
  const table = new PrefixTable<string>();
  table.set(parseCidr('10.0.0.0/8')!, 'eight');
  expect(table.get(parseCidr('10.0.0.0/8')!)).toBe('eight');
  expect(table.get(parseCidr('10.0.0.0/9')!)).toBeUndefined();
});

test('a list that is merged gives the same answers as its networks one by one', () => {
  fc.assert(
    fc.property(fc.array(network, { maxLength: 20 }), address, (networks, bytes) => {
      const one = new PrefixTable<number>();
      const list = new NetworkList();
      for (const cidr of networks) {
        one.set(cidr, cidr.prefix);
        list.add(cidr);
      }
      const merged = new PrefixTable<number>();
      runAtOnce(merged.merge(list, (prefix) => prefix));
      expect(merged.all(bytes)).toEqual(one.all(bytes));
    }),
  );
});

test('merging tells what is there already', () => {
  const table = new PrefixTable<string>();
  table.set(parseCidr('10.0.0.0/8')!, 'old');
  const list = new NetworkList();
  list.add(parseCidr('10.0.0.0/8')!);
  list.add(parseCidr('11.0.0.0/8')!);
  runAtOnce(table.merge(list, (_prefix, known) => known ?? 'new'));
  expect([table.longest(parseIp('10.0.0.1')!), table.longest(parseIp('11.0.0.1')!)]).toEqual(['old', 'new']);
});

describe('with very many networks', () => {
  /** `count` different networks of the prefix lengths 16 to 24, IPv4 and IPv6 by turns. */
  function tableOf(count: number): PrefixTable<number> {
    const list = new NetworkList();
    for (let index = 0; index < count; index += 1) {
      const prefix = 16 + (index % 9);
      const bits = (index * 2_654_435_761) >>> 0;
      const bytes = new Uint8Array(index % 2 === 0 ? 4 : 16);
      new DataView(bytes.buffer).setUint32(0, ((bits >>> (32 - prefix)) << (32 - prefix)) >>> 0);
      list.add({ bytes, prefix });
    }
    const table = new PrefixTable<number>();
    runAtOnce(table.merge(list, () => count));
    return table;
  }

  /** What one look-up asks of maps. */
  function stepsOf(table: PrefixTable<number>, text: string): number {
    const bytes = parseIp(text)!;
    const get = vi.spyOn(Map.prototype, 'get');
    try {
      table.longest(bytes);
      return get.mock.calls.length;
    } finally {
      get.mockRestore();
    }
  }

  test.each(['255.255.255.255', 'ffff::1'])('a look-up of %s takes as many steps as with few', (text) => {
    const few = stepsOf(tableOf(100), text);
    expect(few).toBeGreaterThan(0);
    expect(few).toBeLessThanOrEqual(9);
    expect(stepsOf(tableOf(60_000), text)).toBe(few);
  });

  test('asking for a network that is not there adds no step', () => {
    const table = tableOf(100);
    const before = stepsOf(table, '255.255.255.255');
    expect(table.get(parseCidr('10.0.0.0/8')!)).toBeUndefined();
    expect(stepsOf(table, '255.255.255.255')).toBe(before);
  });
});
