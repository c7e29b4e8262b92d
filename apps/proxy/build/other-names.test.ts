import { expect, test } from 'vitest';
import { withOtherNames } from './other-names.ts';

test('what never changes is exported by another name, and what changes by its own', () => {
  const text = [
    'import { x as y } from "./other.js";',
    'const limit = 1;',
    'var Reader = class {};',
    'async function read() {}',
    'let count = 0;',
    'export { limit as a, Reader, read as r, count, y as z };',
    '',
  ].join('\n');
  expect(withOtherNames('a.js', text, 5)).toBe(
    [
      'import { x as y } from "./other.js";',
      'const limit = 1;',
      'const Reader = class {};',
      'async function read() {}',
      'let count = 0;',
      'const limit$exported = limit, Reader$exported = Reader, read$exported = read; export { limit$exported as a, Reader$exported as Reader, read$exported as r, count, y as z };',
      '',
    ].join('\n'),
  );
});

test('a file without exports stays as it is', () => {
  expect(withOtherNames('a.js', 'run();\n', 0)).toBe('run();\n');
});

test('what is of another file only is passed on', () => {
  const text = 'export { t as open, n as close } from "./file.js";\n';
  expect(withOtherNames('a.js', text, 2)).toBe(text);
});

test.each([
  ['exports on several lines', 'const a = 1;\nexport {\n  a\n};\n'],
  ['an export with its declaration', 'export const a = 1;\n'],
  ['exports without spaces', 'const a=1;export{a};\n'],
  ['an indented declaration', '  const a = 1;\nexport { a };\n'],
  ['a class in a variable that may change', 'let a = class {};\nexport { a };\n'],
])('another form fails the build: %s', (_form, text) => {
  expect(() => withOtherNames('chunks/a.js', text, 1)).toThrow(
    /^build\/other-names\.ts does not know the form in which rolldown wrote chunks\/a\.js: /,
  );
});
