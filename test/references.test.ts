import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { anchorsIn } from './pages/anchors.ts';
import { kindOf } from './pages/named.ts';
import { root } from './pages/source-names.ts';

const COMMENT = /\/\*[^]*?\*\/|(?<=^|\s)\/\/.*$/gm;

const everyFile = globSync('**/*', {
  cwd: root,
  exclude: (name) => ['node_modules', 'dist', '.git'].includes(name) || name.startsWith('html'),
});
const sources = everyFile.filter((file) => /^(?:packages|apps|bench|test|docs)\/.*\.[mc]?[jt]s$/.test(file));
const texts = new Map(sources.map((file) => [file, readFileSync(join(root, file), 'utf8')] as const));

/** Every identifier in the code of any source, keys of objects included. */
const identifiers = new Set(
  [...texts.values()].flatMap((text) => text.replaceAll(COMMENT, ' ').match(/[A-Za-z_$][\w$]*/g) ?? []),
);

function commentsOf(file: string): string {
  return (texts.get(file)?.match(COMMENT) ?? []).join('\n');
}

function isFile(path: string): boolean {
  return existsSync(join(root, path)) || everyFile.some((file) => file.endsWith(`/${path}`));
}

/** Names of other programs' documentation. */
const foreign = new Set(['publishConfig', 'StandardJSONSchema']);

/** Files, folders and symbols that the comments of a source name, and that do not exist. */
function missing(file: string): string[] {
  const comments = commentsOf(file);
  const code = Array.from(comments.matchAll(/`([^`\n]+)`/g), ([, word = '']) => word);
  const links = Array.from(comments.matchAll(/\{@link ([\w.]+)/g), ([, word = '']) => word);
  const paths = comments.match(/\bdocs\/[\w/-]+(?:\.\w+)?/g) ?? [];
  return [
    ...code.filter((word) => kindOf(word) === 'file' && !isFile(word)),
    ...[...code.filter((word) => kindOf(word) === 'symbol'), ...links].filter((word) => !isNamed(word)),
    ...paths.filter((path) => !existsSync(join(root, path))),
  ];
}

function isNamed(symbol: string): boolean {
  if (foreign.has(symbol)) return true;
  return (symbol.match(/\w+/g) ?? []).every((part) => identifiers.has(part));
}

describe('comments', () => {
  test('name files and symbols', () => {
    const words = sources.flatMap((file) =>
      Array.from(commentsOf(file).matchAll(/`([^`\n]+)`/g), ([, word = '']) => word),
    );
    expect(words.filter((word) => kindOf(word) === 'file').length).toBeGreaterThan(20);
    expect(words.filter((word) => kindOf(word) === 'symbol').length).toBeGreaterThan(100);
  });

  test('every file and every symbol that a comment names exists', () => {
    const wrong = sources.flatMap((file) => missing(file).map((word) => `${file}: ${word}`));
    expect(wrong).toEqual([]);
  });

  test('every section of a page that a comment or a message names exists', () => {
    const anchors = (page: string): Set<string> => anchorsIn(readFileSync(join(root, page), 'utf8'));
    const wrong = [...texts].flatMap(([file, text]) =>
      Array.from(text.matchAll(/\b(docs\/[\w/-]+\.md)#([\w-]+)/g))
        .filter(([, page = '', section = '']) => !existsSync(join(root, page)) || !anchors(page).has(section))
        .map(([reference]) => `${file}: ${reference}`),
    );
    expect(wrong).toEqual([]);
  });
});
