/**
 * What zones of very many networks cost:
 *
 *     node --expose-gc bench/src/zones.ts
 *
 * Prints a table in Markdown; docs/zones.md explains it. Every number of networks is measured in turns, five times, and
 * the middle counts.
 */
import { AddressZones, NetworkList } from 'inband';

const COUNTS = [1_000, 10_000, 50_000, 200_000];
const ROUNDS = 5;
const LOOKUPS = 100_000;

/** Prefix lengths as they stand in lists of countries and of providers. */
const PREFIXES = { 4: [14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 32], 16: [29, 32, 36, 40, 44, 48, 56, 64] } as const;

type Family = keyof typeof PREFIXES;

/** Repeatable: a linear congruence is random enough to spread networks. */
let state = 1;
function random(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state;
}

function address(family: Family): Uint8Array {
  const bytes = new Uint8Array(family);
  for (let at = 0; at < family; at += 1) bytes[at] = random() >>> 24;
  // Ordinary addresses of each family.
  bytes[0] = family === 4 ? 1 + (bytes[0]! % 9) : 0x26;
  return bytes;
}

function listOf(count: number, family: Family): NetworkList {
  const list = new NetworkList();
  for (let index = 0; index < count; index += 1) {
    const prefixes = PREFIXES[family];
    const prefix = prefixes[random() % prefixes.length]!;
    const bytes = address(family).map((byte, at) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - at * 8))));
    list.add({ bytes, prefix });
  }
  return list;
}

/** Bytes of heap in use, what can be freed left out. */
function heap(): number {
  if (globalThis.gc === undefined) throw new Error('Run it with node --expose-gc.');
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

interface Measured {
  /** Nanoseconds for one address that is not remembered. */
  readonly lookup: number;
  /** Bytes for one network. */
  readonly memory: number;
  /** Milliseconds to put the list into the place of another. */
  readonly replace: number;
}

async function measure(count: number, family: Family): Promise<Measured> {
  const before = heap();
  const zones = new AddressZones({ all: { addresses: [], lists: [listOf(count, family)] } });
  const memory = (heap() - before) / count;
  const addresses = Array.from({ length: LOOKUPS }, () => address(family));
  let held = 0;
  const start = performance.now();
  for (const bytes of addresses) held += zones.membershipOf(bytes, 'client').names.length;
  const lookup = ((performance.now() - start) * 1e6) / LOOKUPS;
  if (held < LOOKUPS) throw new Error('Every address is in some zone.');
  const other = listOf(count, family);
  const begun = performance.now();
  await zones.replaceNetworks('all', 0, other);
  return { lookup, memory, replace: performance.now() - begun };
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

for (const family of [4, 16] as const) await measure(20_000, family);
console.log('| networks | family | ns for an address | bytes for a network | ms to replace the list |');
console.log('| --: | --- | --: | --: | --: |');
const results = new Map<string, Measured[]>();
for (let round = 0; round < ROUNDS; round += 1) {
  for (const count of COUNTS) {
    for (const family of [4, 16] as const) {
      const key = `| ${count} | IPv${family === 4 ? 4 : 6} |`;
      results.set(key, [...(results.get(key) ?? []), await measure(count, family)]);
    }
  }
}
for (const [key, all] of results) {
  const [lookup, memory, replace] = (['lookup', 'memory', 'replace'] as const).map((name) =>
    middle(all.map((one) => one[name])),
  );
  console.log(`${key} ${lookup!.toFixed(0)} | ${memory!.toFixed(0)} | ${replace!.toFixed(1)} |`);
}
