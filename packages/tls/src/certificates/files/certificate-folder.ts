import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FollowedPair, type NamedFile } from './followed-pair.ts';
import { pairsAmong } from './pairs-in-folder.ts';

/** Pairs that are read of one folder. */
const MOST_PAIRS = 50_000;

/** The pairs of a folder, and of the folders in it, as they come and go. */
export class CertificateFolder {
  readonly #folder: NamedFile;
  /** By the paths of both files. */
  readonly #pairs = new Map<string, FollowedPair>();
  /** Pairs that were not there at the last look. Another look decides whether they are gone. */
  #missing: ReadonlySet<FollowedPair> = new Set();
  #folders: readonly string[] = [];
  #keys: readonly string[] = [];
  #problem: string | undefined = undefined;

  constructor(folder: NamedFile) {
    this.#folder = folder;
  }

  /** Its name as the configuration writes it. */
  get name(): string {
    return this.#folder.name;
  }

  get pairs(): readonly FollowedPair[] {
    return [...this.#pairs.values()];
  }

  /** Itself, and the folders in it. */
  get folders(): readonly string[] {
    return [this.#folder.path, ...this.#folders];
  }

  /** Why the folder cannot be read; then its pairs are those that it had. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Names of keys without a certificate. */
  get lonelyKeys(): readonly string[] {
    return this.#keys;
  }

  /** Brings the list of pairs up to date, and returns those that are gone. Not settled: another look is needed. Never rejects. */
  async list(): Promise<{ readonly gone: FollowedPair[]; readonly isSettled: boolean }> {
    const there = await this.#there();
    if (there === undefined) return { gone: [], isSettled: true };
    const ids = new Set(there.map(idOf));
    const missing = this.pairs.filter((pair) => !ids.has(idOf(pair)));
    const gone = missing.filter((pair) => this.#missing.has(pair));
    this.#missing = new Set(missing);
    for (const pair of there) if (!this.#pairs.has(idOf(pair))) this.#pairs.set(idOf(pair), pair);
    for (const pair of gone) this.#pairs.delete(idOf(pair));
    return { gone, isSettled: missing.length === gone.length };
  }

  async #there(): Promise<FollowedPair[] | undefined> {
    const { path, name } = this.#folder;
    try {
      const entries = await readdir(path, { withFileTypes: true });
      const visible = entries.filter((entry) => !entry.name.startsWith('.'));
      const inside = visible.filter((entry) => entry.isDirectory() || (entry.isSymbolicLink() && !isPem(entry.name)));
      const files = visible.filter((entry) => !inside.includes(entry)).map((entry) => entry.name);
      const found = [this.#pairsIn(this.#folder, files)];
      const folders: string[] = [];
      for (const entry of inside) {
        const folder = { path: join(path, entry.name), name: join(name, entry.name) };
        const names = await readdir(folder.path).catch(() => undefined);
        if (names === undefined) continue;
        folders.push(folder.path);
        found.push(this.#pairsIn(folder, names));
      }
      const pairs = found.flatMap((each) => each.pairs);
      this.#folders = folders;
      this.#keys = found.flatMap((each) => each.keys);
      this.#problem =
        pairs.length > MOST_PAIRS ? `${name}: of its ${pairs.length} certificates ${MOST_PAIRS} are read.` : undefined;
      return pairs.slice(0, MOST_PAIRS);
    } catch (error) {
      this.#problem = `${name}: the folder cannot be read: ${error instanceof Error ? error.message : String(error)}.`;
      return undefined;
    }
  }

  #pairsIn(folder: NamedFile, names: readonly string[]): { readonly pairs: FollowedPair[]; readonly keys: string[] } {
    const within = (file: string): NamedFile => ({ path: join(folder.path, file), name: join(folder.name, file) });
    const { pairs, alone, keys } = pairsAmong(names);
    const together = pairs.map(({ certificate, key }) => new FollowedPair(within(certificate), within(key)));
    const both = alone.map((file) => new FollowedPair(within(file), within(file)));
    return { pairs: [...together, ...both], keys: keys.map((key) => within(key).name) };
  }
}

function isPem(name: string): boolean {
  return /\.(?:pem|crt|cer|key)$/.test(name);
}

function idOf({ certificate, key }: FollowedPair): string {
  return `${certificate.path}\0${key.path}`;
}
