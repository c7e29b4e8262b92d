import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { COMMANDS, OPTIONS } from './command-table.ts';
import { helpText } from './help.ts';
import { manPage } from './man-page.ts';

test('the published manual page is in step: node apps/proxy/src/cli/generate-man-page.ts', async () => {
  expect(await readFile(new URL('../../man/inband.1', import.meta.url), 'utf8')).toBe(manPage());
});

test('the help and the manual page have every command and every option, in lines that fit', () => {
  const [help, manual] = [helpText(), manPage()];
  const lines = help.split('\n');
  expect(lines.filter((line) => line.length > 100)).toEqual([]);
  expect(manual.split('\n').filter((line) => line.length > 80)).toEqual([]);
  for (const { name } of COMMANDS) {
    expect(lines.some((line) => line.startsWith(`${name} `))).toBe(true);
    expect(manual).toContain(`\n.It Cm ${name}\n`);
  }
  for (const { name } of OPTIONS) {
    expect(help).toContain(`--${name}`);
    expect(manual).toMatch(new RegExp(`^\\.It (?:Fl . , )?Fl -${name}(?: Ar [A-Z:]+)?$`, 'm'));
  }
});

test('no line of the manual page begins like a request that nobody meant', () => {
  const known = /^\.(?:Dd|Dt|Os|Sh|Nm|Nd|Op|Cm|Ar|Fl|Pp|Bl|It|El|Dl) ?/;
  const requests = manPage()
    .split('\n')
    .filter((line) => /^[.']/.test(line));
  expect(requests.filter((line) => !known.test(line))).toEqual([]);
});
