import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { runs } from '../../../../test/support/tiers/runs.ts';
import { compileHosts, foldHost, HostClasses } from './host-patterns.ts';

test.each([
  ['Example.COM', 'example.com'],
  ['example.com.', 'example.com'],
  ['[::1]', '::1'],
  ['0:0:0::1', '::1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['127.0.0.1.', '127.0.0.1'],
  // The Kelvin sign is not an ASCII letter, whatever Unicode folds it to.
  ['\u212Aey.example', '\u212Aey.example'],
])('%s is compared as %s', (host, folded) => {
  expect(foldHost(host)).toBe(folded);
});

test('hosts that match the same patterns share a class', () => {
  const classes = new HostClasses(['a.example', '*.example']);
  expect(classes.of('b.example')).toBe(classes.of('c.EXAMPLE.'));
  expect(classes.of('a.example')).not.toBe(classes.of('b.example'));
  expect([...classes.of('a.example')]).toEqual(['a.example', '*.example']);
});

test('a host too long for a name is matched all the same', () => {
  const host = `${'x.'.repeat(400)}example`;
  expect([...new HostClasses(['*.example']).of(host)]).toEqual(['*.example']);
});

test('a class holds exactly the patterns that match one by one', () => {
  const label = fc.constantFrom('a', 'b', 'example', 'xa');
  const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
  const pattern = fc.oneof(
    name,
    name.map((suffix) => `*.${suffix}`),
  );
  fc.assert(
    fc.property(fc.array(pattern, { maxLength: 10 }), name, (texts, host) => {
      const patterns = compileHosts('base', [], texts);
      const matching = patterns.filter((one) => (one.startsWith('*') ? host.endsWith(one.slice(1)) : host === one));
      expect(new Set(new HostClasses(patterns).of(host))).toEqual(new Set(matching));
    }),
    { numRuns: runs(500) },
  );
});
