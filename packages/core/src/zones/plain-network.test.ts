import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { runs } from '../../../../test/support/tiers/runs.ts';
import { parseNetwork } from '../base/ip.ts';
import { NetworkList } from './network-list.ts';
import { addPlainNetwork } from './plain-network.ts';

function plain(line: string): NetworkList | undefined {
  const networks = new NetworkList();
  // Not at the beginning or the end of a file.
  return addPlainNetwork(`7${line}7`, 1, 1 + line.length, networks) ? networks : undefined;
}

/** By the parser that reads all other lines. */
function parsed(line: string): NetworkList | undefined {
  const network = parseNetwork(line);
  if (network === undefined) return undefined;
  const networks = new NetworkList();
  networks.add(network);
  return networks;
}

const number = fc.oneof(fc.nat(300), fc.constantFrom('', '0', '00', '01', '255', '256', '1000', 'a', ' ', '-1', '1e1'));
const prefix = fc.oneof(fc.nat(34), fc.constantFrom('', '0', '00', '08', '32', '33', '128', 'x', ' 8'));
const line = fc.oneof(
  fc.tuple(number, number, number, number).map((parts) => parts.join('.')),
  fc.tuple(number, number, number, number, prefix).map(([a, b, c, d, bits]) => `${a}.${b}.${c}.${d}/${bits}`),
  fc.tuple(fc.nat(), fc.nat(32)).map(([address, bits]) => {
    const network = bits === 0 ? 0 : (address >> (32 - bits)) << (32 - bits);
    return `${network >>> 24}.${(network >>> 16) & 255}.${(network >>> 8) & 255}.${network & 255}/${bits}`;
  }),
  fc.stringMatching(/^[0-9./:af# \r]*$/),
);

test('a network of IPv4 is read as the parser reads it, and nothing that the parser refuses', () => {
  fc.assert(
    fc.property(line, (text) => {
      const expected = parsed(text);
      const isOfV4 = expected !== undefined && !text.includes(':');
      expect(plain(text)).toEqual(isOfV4 ? expected : undefined);
    }),
    { numRuns: runs(5_000) },
  );
});

test.each(['0.0.0.0/0', '255.255.255.255', '128.0.0.0/1', '10.0.0.0/8', '192.0.2.1/32'])('%s is one', (text) => {
  expect(plain(text)).toEqual(parsed(text));
  expect(plain(text)?.size).toBe(1);
});
