import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { runs } from '../../../../../test/support/tiers/runs.ts';
import { hopsOfForwarded } from './forwarded-field.ts';
import { addressOfNode, hopsOfXForwardedFor } from './x-forwarded-for.ts';

test('all lines of X-Forwarded-For are one list', () => {
  expect(hopsOfXForwardedFor(['a, b,', '\t', ' ,c']).map(({ node }) => node)).toEqual(['a', 'b', 'c']);
});

test.each<[string, string | undefined]>([
  ['192.0.2.1', '192.0.2.1 0'],
  ['192.0.2.1:8080', '192.0.2.1 8080'],
  ['2001:DB8::1', '2001:db8::1 0'],
  ['[2001:db8::1]', '2001:db8::1 0'],
  ['[2001:db8::1]:443', '2001:db8::1 443'],
  ['::ffff:192.0.2.1', '192.0.2.1 0'],
  ['192.0.2.1:_hidden', '192.0.2.1 0'],
  ['[192.0.2.1]', undefined],
  ['192.0.2.1:', undefined],
  ['192.0.2.1:99999', undefined],
  ['192.0.2.01', undefined],
  ['fe80::1%eth0', undefined],
  ['[2001:db8::1', undefined],
  ['unknown', undefined],
  ['_hidden', undefined],
  ['proxy.example', undefined],
  ['', undefined],
])('the node %j is %j', (node, expected) => {
  const found = addressOfNode(node, true);
  expect(found && `${found.address} ${found.port}`).toBe(expected);
});

test('in Forwarded an IPv6 address has brackets', () => {
  expect(addressOfNode('2001:db8::1', false)).toBeUndefined();
  expect(addressOfNode('[2001:db8::1]', false)?.address).toBe('2001:db8::1');
});

test.each<[string, string[]]>([
  ['for=192.0.2.1', ['192.0.2.1']],
  ['For="[2001:db8:cafe::17]:4711"', ['[2001:db8:cafe::17]:4711']],
  ['for=192.0.2.60;proto=HTTP;by=203.0.113.43', ['192.0.2.60 http']],
  ['for=192.0.2.43, for=198.51.100.17', ['192.0.2.43', '198.51.100.17']],
  ['for=a;host="x, for=b",,for="\\"c"', ['a', '"c']],
  ['by=a', ['unknown']],
  [';for=a;', ['a']],
  ['', []],
])('the nodes of Forwarded are read from %s', (line, nodes) => {
  const hops = hopsOfForwarded([line]);
  expect(hops?.map(({ node, scheme }) => (scheme === undefined ? node : `${node} ${scheme}`))).toEqual(nodes);
});

test.each([
  'for=',
  'for',
  'for =a',
  'for= a',
  'for=a b',
  'for="a',
  'for="a"b',
  'for=a;for=b',
  'for=192.0.2.1:80',
  'for=[2001:db8::1]',
  'for=a;host="x", for=b"',
  'for="a\\',
])('Forwarded is malformed: %s', (line) => {
  expect(hopsOfForwarded([line])).toBeUndefined();
});

test('what a client puts before the element of its proxy never becomes that element', () => {
  const own = 'for="[2001:db8::1]";proto=https';
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...Array.from('for=",;\\ []ab:1')) }), (claim) => {
      const hops = hopsOfForwarded([`${claim}, ${own}`]);
      if (hops !== undefined) expect(hops.at(-1)).toEqual({ node: '[2001:db8::1]', scheme: 'https' });
    }),
    { numRuns: runs(2000) },
  );
});

test('any line is read or malformed, and what is read has no more nodes than elements', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...Array.from('for=",;\\ab \t')) }), (line) => {
      expect(hopsOfForwarded([line])?.length ?? 0).toBeLessThanOrEqual(line.split(',').length);
    }),
  );
});
