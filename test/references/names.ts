import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { anchorsIn } from '../pages/anchors.ts';
import { codeOf } from './texts.ts';

/** What there is to refer to. */
export interface Names {
  /** Whether any source, schema or fixture has this word, comments not counted. */
  hasWord(word: string): boolean;
  /** Whether a file that declares the first of these names has the other ones as words. */
  isDeclared(names: readonly string[]): boolean;
  /** Whether a comment of `file` can link to `name`: the file has that word in its code, or its package declares it. */
  canLink(file: string, name: string): boolean;
  /** Whether the path of a file or folder ends so. */
  hasPath(path: string): boolean;
  /** Whether a page has a heading with this anchor: `docs/zones.md#names`. */
  hasSection(section: string): boolean;
  /** Whether there is a decision of this number: `0007`. */
  hasDecision(number: string): boolean;
}

/** No file of ours is in there. */
export const isForeign = (name: string): boolean => ['node_modules', 'dist', 'coverage', 'html'].includes(name);

/** What has names in it, but for this test, which has names of what does not exist. */
const IS_CODE = /^(?!test\/references).*\.(m?[jt]s|jsonl?|yaml|yml)$/;
const DECLARED = /\b(?:class|interface|enum|const|let|function\*?|type(?= \w+ ?[=<])) ([A-Za-z_$][\w$]*)/g;
const WORD = /[A-Za-z_$][\w$]*/g;

/** Reads the repository at `root`. */
export function readNames(root: string): Names {
  const everything = globSync(['*', '.ci/*', '.github/**', '{packages,apps,test,bench,docs}/**'], {
    cwd: root,
    exclude: isForeign,
  });
  const filesOfWord = new Map<string, Set<string>>();
  const filesOfName = new Map<string, Set<string>>();
  for (const file of everything.filter((name) => IS_CODE.test(name))) {
    const code = codeOf(readFileSync(join(root, file), 'utf8'));
    for (const word of code.match(WORD) ?? []) note(filesOfWord, word, file);
    for (const [, name = ''] of code.matchAll(DECLARED)) note(filesOfName, name, file);
  }
  const paths = new Set(everything.flatMap(tails));
  return {
    hasWord: (word) => filesOfWord.has(word),
    isDeclared: ([first = '', ...rest]) => {
      const files = [...(filesOfName.get(first) ?? [])];
      return files.some((file) => rest.every((word) => filesOfWord.get(word)?.has(file)));
    },
    canLink: (file, name) => {
      const [top, room] = file.split('/');
      const declaring = [...(filesOfName.get(name) ?? [])];
      return filesOfWord.get(name)?.has(file) === true || declaring.some((one) => one.startsWith(`${top}/${room}/`));
    },
    hasPath: (path) => paths.has(path.replace(/\/$/, '')),
    hasSection: (section) => {
      const [page = '', anchor = ''] = section.split('#');
      return existsSync(join(root, page)) && anchorsIn(readFileSync(join(root, page), 'utf8')).has(anchor);
    },
    hasDecision: (number) => everything.some((file) => file.startsWith(`docs/adr/${number}-`)),
  };
}

function note(files: Map<string, Set<string>>, name: string, file: string): void {
  files.set(name, (files.get(name) ?? new Set()).add(file));
}

/** `a/b/c`, `b/c` and `c`. */
function tails(path: string): string[] {
  const parts = path.split('/');
  return parts.map((_, index) => parts.slice(index).join('/'));
}
