import { expect, test } from 'vitest';
import { parseDebugNames } from './debug-names.ts';

test('channels are named as they are called, with or without the first half of their names', () => {
  const { names, problems } = parseDebugNames(' exchange,inband:pool,,pool ');
  expect([...names]).toEqual(['exchange', 'pool']);
  expect(problems).toEqual([]);
});

test('a star names all of them', () => {
  expect([...parseDebugNames('*').names]).toEqual([
    'session',
    'exchange',
    'lookup',
    'dial',
    'pool',
    'health',
    'tunnel',
    'transport',
  ]);
});

test('a name that is none is told with those that are, and the nearest', () => {
  const { names, problems } = parseDebugNames('poool,dial,\u001b');
  expect([...names]).toEqual(['dial']);
  const known = 'session, exchange, lookup, dial, pool, health, tunnel, transport, and * for all.';
  expect(problems).toEqual([
    `there is no channel "poool"; did you mean "pool"? There are ${known}`,
    String.raw`there is no channel "\u001b"; there are ${known}`,
  ]);
});
