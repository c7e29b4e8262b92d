import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { runs } from '../../../../../test/support/tiers/runs.ts';
import type { ConfigPath, Locate } from '../problem/problem.ts';
import { parseText } from '../read/locate.ts';
import { readPlainJson } from './json-places.ts';

function locateIn(text: string): Locate {
  const read = readPlainJson(text);
  if (read === undefined) throw new Error('it is not plain');
  return read.locate;
}

/** The places that the parser of YAML finds. */
function yamlPlaces(text: string): Locate {
  // A variable is nothing that the fast parser reads.
  const { locate, syntaxErrors } = parseText(`${text}\n`, 'yaml', {});
  expect(syntaxErrors).toEqual([]);
  return locate;
}

const TEXT = `{
  "listeners": [ { "bind": ":80" }, null ],
  "a \\"b\\"": { "": [], "0": {} },\r
\t"services": {}, "last": -1.5e3
}`;

describe('the place of a path in JSON', () => {
  test.each<[ConfigPath, 'key' | 'value', number, number]>([
    [[], 'value', 1, 1],
    [['listeners'], 'key', 2, 3],
    [['listeners'], 'value', 2, 16],
    [['listeners', 0, 'bind'], 'value', 2, 28],
    [['listeners', 0, 'bind'], 'key', 2, 20],
    [['listeners', 1], 'value', 2, 37],
    [['listeners', 1], 'key', 2, 16],
    [['a "b"'], 'key', 3, 3],
    [['a "b"', ''], 'value', 3, 20],
    [['a "b"', 0], 'value', 3, 29],
    [['services', 'web', 'routes'], 'value', 4, 14],
    [['last', 'more'], 'key', 4, 26],
    [['none'], 'value', 1, 1],
  ])('%j, its %s, is at %i:%i', (path, at, line, column) => {
    expect(locateIn(TEXT)(path, at)).toEqual({ line, column });
    expect(yamlPlaces(TEXT)(path, at)).toEqual({ line, column });
  });

  test('is the one that the parser of YAML finds, whatever the JSON is', () => {
    const json = fc.json({ maxDepth: 4 }).map((text) => JSON.stringify(JSON.parse(text), undefined, 1));
    const part = fc.oneof(fc.nat(3), fc.string({ maxLength: 2 }));
    fc.assert(
      fc.property(
        json,
        fc.array(part, { maxLength: 4 }),
        fc.array(fc.nat(5), { maxLength: 6 }),
        (text, lost, chosen) => {
          const plain = readPlainJson(text);
          fc.pre(plain !== undefined);
          const path = [...pathIn(plain.value, chosen), ...lost];
          const yaml = yamlPlaces(text);
          for (const some of [path, path.slice(0, path.length - lost.length), path.slice(0, 1)]) {
            for (const at of ['key', 'value'] as const)
              expect(plain.locate(some, at), JSON.stringify(some)).toEqual(yaml(some, at));
          }
        },
      ),
      { numRuns: runs(300) },
    );
  });
});

/** A path that exists: of each mapping or list the member that `chosen` says. */
function pathIn(value: unknown, chosen: readonly number[]): (string | number)[] {
  const [first, ...rest] = chosen;
  if (first === undefined || typeof value !== 'object' || value === null) return [];
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  const key = keys[first % keys.length];
  return key === undefined ? [] : [key, ...pathIn(Reflect.get(value, key), rest)];
}

test('a text of ten million characters has no place that cannot be found', () => {
  const locate = locateIn(JSON.stringify({ long: 'x'.repeat(10_000_000), next: 1 }));
  expect(locate(['next'], 'value')).toEqual({ line: 1, column: 10_000_019 });
});

test('a text is looked through once, however many of its places are asked for', () => {
  const search = vi.spyOn(String.prototype, 'indexOf');
  const locate = locateIn(
    JSON.stringify(
      Array.from({ length: 100 }, (_, at) => ({ at })),
      undefined,
      2,
    ),
  );
  expect(locate([0, 'at'], 'key')).toEqual({ line: 3, column: 5 });
  search.mockClear();
  const lines = Array.from({ length: 100 }, (_, at) => locate([at, 'at'], 'key')?.line);
  expect(lines).toEqual(Array.from({ length: 100 }, (_, at) => 3 * at + 3));
  expect(search).not.toHaveBeenCalled();
  search.mockRestore();
});

test('a text that is no JSON, has a key twice or a variable is for another parser', () => {
  for (const text of ['{', '{ "a": 1, "a": 2 }', '{ "a": "${B}" }', "{ 'a': 1 }"])
    expect(readPlainJson(text)).toBeUndefined();
});
