import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { machineKey } from './machine-key.ts';

const folder = mkdtempSync(join(tmpdir(), 'machine-key-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function fileWith(text: string): string {
  const file = join(folder, `machine-id-${(files += 1)}`);
  writeFileSync(file, text);
  return file;
}

const ID = '0123456789abcdef0123456789abcdef';
const missing = join(folder, 'none');

test('is made of the id of the machine, without showing it', () => {
  const key = machineKey([missing, fileWith(`${ID}\n`)]);
  expect(key).toHaveLength(32);
  expect(machineKey([fileWith(ID)])).toEqual(key);
  expect(machineKey([fileWith(`${ID.replace('0', '1')}\n`)])).not.toEqual(key);
  expect(Buffer.from(key ?? []).toString('hex')).not.toContain(ID);
});

test.each(['', 'uninitialized\n', `${'0'.repeat(32)}\n`, ID.slice(1), `${ID}0`])('an id such as %j is none', (text) => {
  expect(machineKey([fileWith(text)])).toBeUndefined();
});

test('a machine without an id has no key', () => {
  expect(machineKey([missing])).toBeUndefined();
});
