import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const fileOf = (name: string): string => join(import.meta.dirname, 'corpus', `${name}.txt`);

/** A line of JSON for each input, as latin1: so that a change can be read, and one file holds all of a target. */
export function loadCorpus(name: string): Buffer[] {
  const file = fileOf(name);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => Buffer.from(JSON.parse(line) as string, 'latin1'));
}

export function saveCorpus(name: string, corpus: readonly Buffer[]): void {
  const lines = corpus.map((bytes) => asciiOnly(JSON.stringify(bytes.toString('latin1'))));
  writeFileSync(fileOf(name), `${[...new Set(lines)].toSorted().join('\n')}\n`);
}

function asciiOnly(text: string): string {
  return text.replaceAll(/[\x7f-\xff]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`);
}

/** Keeps an input for which something did not hold. Returns where. */
export function saveFinding(name: string, input: Buffer): string {
  const folder = join(tmpdir(), 'inband-fuzz');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}-${createHash('sha256').update(input).digest('hex').slice(0, 12)}`);
  writeFileSync(file, input);
  return file;
}
