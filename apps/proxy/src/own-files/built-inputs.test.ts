import { mkdtempSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isCurrent, writeInputs } from '../../build/inputs.mjs';

/** Later than every file here was written. */
const LATER = Date.now() + 60_000;
let folder: string;
let source: string;
let noted: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'inband-inputs-'));
  source = join(folder, 'source.ts');
  noted = join(folder, 'inputs.json');
  writeFileSync(source, 'export const a = 1;\n');
});

afterEach(() => rmSync(folder, { recursive: true }));

describe('what was built', () => {
  test('is current as long as its sources stay as they were', () => {
    expect(isCurrent(noted)).toBe(false);
    writeInputs([source], LATER, noted);
    expect(isCurrent(noted)).toBe(true);
  });

  test.each<[string, () => void]>([
    ['is written again', () => writeFileSync(source, 'export const a = 12;\n')],
    ['is gone', () => rmSync(source)],
    [
      'is replaced by one of the same size and time',
      () => {
        const { atime, mtime } = statSync(source);
        writeFileSync(`${source}.new`, 'export const b = 1;\n');
        utimesSync(`${source}.new`, atime, mtime);
        renameSync(`${source}.new`, source);
      },
    ],
  ])('is not current once a source %s', (_what, change) => {
    writeInputs([source], LATER, noted);
    change();
    expect(isCurrent(noted)).toBe(false);
  });

  test('is not current if a source changed while it was built', () => {
    writeInputs([source], statSync(source).mtimeMs - 1, noted);
    expect(isCurrent(noted)).toBe(false);
  });
});
