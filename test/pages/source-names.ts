import { globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { SourceSymbols } from '../seed/symbols.ts';

export const root = resolve(import.meta.dirname, '../..');

/** Files whose names pages may use without their folders. */
const FILES = [
  '{packages,apps}/*/src/**/*',
  '{packages,apps}/*/{bin,schema,test-support}/**/*',
  'test/**/*.ts',
  'docs/*',
];

const unix = (path: string): string => path.replaceAll(sep, '/');

/** What pages may name: files, folders and symbols of the sources. Read once. */
export class SourceNames {
  readonly #files = globSync(FILES, { cwd: root, exclude: (name) => name === 'node_modules' || name === 'dist' }).map(
    unix,
  );
  readonly #sources = this.#files.filter((file) => /\/src\/.*\.ts$/.test(file) && !file.endsWith('.test.ts'));
  readonly #folders = new Set(this.#files.flatMap(foldersOf));
  readonly #texts = new Map(this.#sources.map((file) => [file, readFileSync(join(root, file), 'utf8')] as const));
  readonly #symbols = new Map<string, SourceSymbols>();

  /** Folders that hold sources, from the root of the repository: `packages/core/src/session`. */
  get sourceFolders(): readonly string[] {
    return [...new Set(this.#sources.map((file) => dirname(file)))].toSorted();
  }

  get sources(): readonly string[] {
    return this.#sources;
  }

  textOf(file: string): string {
    return this.#texts.get(file) ?? '';
  }

  /** Whether a file has this path or a path that ends with it: `exchange.ts`, `clients/listener.ts`. */
  hasFile(path: string): boolean {
    return this.#files.some((file) => file === path || file.endsWith(`/${path}`));
  }

  /** The same for a folder: `policy/`, `packages/core/src/policy`. */
  hasFolder(path: string): boolean {
    const folder = path.replace(/\/$/, '');
    for (const known of this.#folders) if (known === folder || known.endsWith(`/${folder}`)) return true;
    return false;
  }

  /** Whether a source exports the symbol (`ServerPool`, `Session.target`), or has a member of that name (`establishConnection`). */
  hasSymbol(symbol: string): boolean {
    const [name = ''] = symbol.split(/[.(]/);
    const isMember = new RegExp(`^\\s+(?:(?:readonly|abstract|override|get|async) )*${name}\\??[:(<]`, 'm');
    return this.#sources.some((file) => {
      const text = this.textOf(file);
      return text.includes(name) && (this.exports(file, symbol) || (name === symbol && isMember.test(text)));
    });
  }

  /** Whether `file` exports the symbol. */
  exports(file: string, symbol: string): boolean {
    let symbols = this.#symbols.get(file);
    if (symbols === undefined) this.#symbols.set(file, (symbols = new SourceSymbols(this.textOf(file))));
    return symbols.has(symbol.replace(/\(\)$/, ''));
  }
}

function foldersOf(file: string): string[] {
  const parts = dirname(file).split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
