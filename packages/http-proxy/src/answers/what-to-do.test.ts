import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ALL_ADVICE, whatToDo } from './what-to-do.ts';

const page = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8');

/** What docs/errors.md says under a code, or in the row of a status. */
function saidOf(heading: string): string {
  const row = new RegExp(`^\\| ${heading} \\| (.*) \\|$`, 'm').exec(page)?.[1];
  const section = new RegExp(`^### \`${heading}\`\n\n([^]*?)(?=\n#|$(?![^]))`, 'm').exec(page)?.[1];
  return (row ?? section ?? '').replaceAll(/\s+/g, ' ');
}

test.each(ALL_ADVICE)('the page of errors begins its advice on %s with that of the error page', (heading, advice) => {
  expect(saidOf(heading).startsWith(advice)).toBe(true);
});

test('of a bad request the status says more than the code', () => {
  expect(whatToDo({ code: 'http_request_error', status: 414 })).toBe('Ask for a shorter URL.');
  expect(whatToDo({ code: 'http_request_error', status: 400 })).toBe('Repair the client.');
});
