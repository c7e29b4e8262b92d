import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { brokenReferences, FOREIGN } from './references/broken.ts';
import { isForeign, readNames } from './references/names.ts';
import { RFC_SECTIONS } from './references/rfc-sections.ts';
import { codeOf, commentsOf, paragraphsOf, type Prose } from './references/texts.ts';

/**
 * No comment and no page of the documentation points to something that does not exist. What is looked at:
 *
 * - names in backticks that look like code (`SomeClass.member`, `someFunction()`, `SOME_CONSTANT`), `{@link}`, and "see
 *   someFunction": the word is in code somewhere, and a member in a file that names its class;
 * - files and folders of the repository: there is one whose path ends so, and a section of a page has a heading;
 * - `ADR NNNN`: there is a decision of that number;
 * - RFCs and their sections: they are in the list of `references/rfc-sections.ts`, and every section belongs to an RFC.
 *
 * The changelog is history and may name what is gone, and docs/seed.md has the names of the seed. Links of pages are looked at by `docs.test.ts`.
 */
const root = resolve(import.meta.dirname, '..');
const names = readNames(root);
const SOURCES = '{packages,apps,test,bench,docs}/**/*.{ts,mts,mjs}';
/** History, a page about the names of another program, and examples of what is broken. */
const LEFT_OUT = /^(CHANGELOG\.md$|docs\/seed\.md$|test\/references)/;

function proseOf(patterns: string[], read: (file: string, text: string) => Prose[]): Prose[] {
  const files = globSync(patterns, { cwd: root, exclude: isForeign }).filter((file) => !LEFT_OUT.test(file));
  return files.flatMap((file) => read(file, readFileSync(join(root, file), 'utf8')));
}

function broken(prose: readonly Prose[]): string[] {
  return prose.flatMap((one) =>
    brokenReferences(one, names).map((reference) => `${one.file}:${one.line}: ${reference}`),
  );
}

describe('references', () => {
  const comments = proseOf(['*.{ts,mts,mjs}', SOURCES], commentsOf);
  const paragraphs = proseOf(['*.md', '{packages,apps,test,bench,docs}/**/*.md'], paragraphsOf);

  test('every comment points to what exists', () => {
    expect(comments.length).toBeGreaterThan(2_000);
    expect(broken(comments)).toEqual([]);
  });

  test('no comment begins with a word whose noun stands elsewhere', () => {
    const vague = comments.filter(({ text }) =>
      /^\W*(?:Those|That of|That is|All of (?:it|them)|Of (?:it|them|those|both))\b/.test(text),
    );
    expect(vague.map(({ file, line, text }) => `${file}:${line}: ${text}`)).toEqual([]);
  });

  test('every page points to what exists', () => {
    expect(paragraphs.length).toBeGreaterThan(500);
    expect(broken(paragraphs)).toEqual([]);
  });

  test('every page that a message names exists, and so does the section', () => {
    const messages = proseOf(['{packages,apps}/*/src/**/!(*.test).ts'], (file, source) =>
      (codeOf(source).match(/\bdocs\/[\w/-]+\.md(#[\w-]+)?/g) ?? []).map((text) => ({ file, line: 0, text })),
    );
    expect(messages.length).toBeGreaterThan(0);
    expect(broken(messages)).toEqual([]);
  });

  test('no RFC and no foreign name is listed that nobody refers to', () => {
    const everything = [...comments, ...paragraphs].map(({ text }) => text).join('\n');
    const listed = [...FOREIGN, ...Object.keys(RFC_SECTIONS).map((number) => `RFC ${number}`)];
    expect(listed.filter((name) => !everything.includes(name))).toEqual([]);
  });
});

describe('what is seen as a reference', () => {
  const found = (text: string, file = 'packages/core/src/a.ts'): string[] =>
    brokenReferences({ file, line: 1, text }, names);

  test.each([
    ['`noSuchThing`', 'noSuchThing'],
    ['`vanished()`', 'vanished()'],
    ['`NO_SUCH_THING`', 'NO_SUCH_THING'],
    ['`ProxyError.noSuchMember`', 'ProxyError.noSuchMember'],
    ['`ProxyError.zoneKeeper`', 'ProxyError.zoneKeeper'],
    ['{@link NoSuchClass}', 'NoSuchClass'],
    ['It is as it is; see noSuchThing.', 'noSuchThing'],
    ['as `no-such-file.ts` does', 'no-such-file.ts'],
    ['as in core/src/no-such-file.ts.', 'core/src/no-such-file.ts'],
    ['(docs/no-such-page.md)', 'docs/no-such-page.md'],
    ['docs/zones.md#no-such-section', 'docs/zones.md#no-such-section'],
    ['as docs/no-such-folder says', 'docs/no-such-folder'],
    ['`no-such-settings.yaml`', 'no-such-settings.yaml'],
    ['`packages/core/src/no-such-folder`', 'packages/core/src/no-such-folder'],
    ['ADR 0999 says so', 'ADR 0999'],
    ['RFC 1 says so', 'RFC 1'],
    ['RFC 9112 section 99.1', 'section 99.1 of RFC 9112'],
    ['RFC 9112 sections 6.3 and 99', 'section 99 of RFC 9112'],
    ['the defaults of section 4', 'section 4 of no document'],
    ['RFC 9112 says so; DESIGN section 5 says otherwise', 'section 5 of RFC 9112'],
  ])('a broken reference is found in: %s', (text, reference) => {
    expect(found(text)).toEqual([reference]);
  });

  test.each([
    '`ProxyError.code`',
    '`createInband()`',
    '`createInband`, `GET`, `true`, `Host: a`, `x.y.z`',
    '{@link ProxyError}',
    'see the other one',
    '`errors.ts`, `base/errors.ts`, docs/errors.md and https://example.com/some-page.md',
    'ADR 0001',
    'RFC 9112 section 6.3 and RFC 9110 sections 9.2.2, 9.3.6',
    'Lengths (RFC 9112 section 6.3) and trailers (section 7.1.2).',
  ])('no broken reference is found in: %s', (text) => {
    expect(found(text)).toEqual([]);
  });

  test('a file about one RFC need not name it', () => {
    expect(found('section 2.2', 'nat/rfc6052.ts')).toEqual([]);
  });
});

describe('where references are looked for', () => {
  test('comments are taken out of code, with the line that they begin on', () => {
    const source = [
      '/** One. */',
      "const url = 'https://example.com/';",
      'const two = 2; // Two.',
      '// Three,',
      '// four.',
    ];
    expect(commentsOf('a.ts', source.join('\n'))).toEqual([
      { file: 'a.ts', line: 1, text: 'One.' },
      { file: 'a.ts', line: 3, text: 'Two.' },
      { file: 'a.ts', line: 4, text: 'Three,\nfour.' },
    ]);
  });

  test('pages are read without their blocks of code', () => {
    const page = '# A\n\nOne\ntwo.\n\n```ts\nconst a = 1;\n```\n\n- Three';
    const paragraphs = paragraphsOf('a.md', page).filter(({ text }) => text.trim() !== '');
    expect(paragraphs.map(({ line, text }) => [line, text.trim()])).toEqual([
      [1, '# A'],
      [2, 'One\ntwo.'],
      [10, '- Three'],
    ]);
  });
});
