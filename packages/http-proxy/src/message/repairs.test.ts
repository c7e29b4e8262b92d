import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Repair, REPAIR_NAMES, repairNames } from './repairs.ts';

test('every flag has a name of its own', () => {
  expect(REPAIR_NAMES.length).toBe(Object.keys(Repair).length);
  expect(new Set(REPAIR_NAMES).size).toBe(REPAIR_NAMES.length);
  for (const [key, flag] of Object.entries(Repair)) {
    const [name, ...others] = repairNames(flag)!;
    expect(name!.replaceAll(/[-.]/g, '')).toBe(key.toLowerCase());
    expect(others).toEqual([]);
  }
});

test('nothing that was mended costs no list', () => {
  expect(repairNames(0)).toBeUndefined();
  expect(repairNames(Repair.fold | Repair.lineEnd)).toEqual(['line-end', 'fold']);
});

test('the pages about the log and about what is mended have the same names', () => {
  const page = (name: string): string => readFileSync(new URL(`../../../../docs/${name}`, import.meta.url), 'utf8');
  const [, repaired = ''] = page('logging.md').split('\n## Repaired answers\n');
  const documented = repaired.split('\n## ')[0]!.matchAll(/^\| `([^`]+)` +\|/gm);
  expect(Array.from(documented, ([, name]) => name)).toEqual(REPAIR_NAMES);
  const [, mended = ''] = page('conformance.md').split('\n### Answers of servers\n');
  const shown = mended.split('\n#')[0]!.matchAll(/\| `([^`]+)` \|$/gm);
  expect(Array.from(shown, ([, name]) => name)).toEqual(['repaired', ...REPAIR_NAMES]);
});
