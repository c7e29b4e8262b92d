import { dirname, isAbsolute, join, resolve } from 'node:path';
import {
  ConfigError,
  type ConfigPath,
  isRecord,
  type Locate,
  type PlacedProblem,
  placeProblem,
} from '../problem/problem.ts';
import { readPlainJson } from '../text/json-places.ts';
import { type ConfigFiles, languageOf, STDIN } from './config-files.ts';
import { JoinedConfig } from './joined-config.ts';
import type { ParsedText } from './locate.ts';
import { rebasePaths } from './rebase-paths.ts';

/** Characters of a text in YAML from which on it is worth loading a second, faster parser. */
const LARGE_YAML = 64 * 1024;
/** Most files of one configuration. */
const MAX_FILES = 1024;

/**
 * Reads YAML and JSON files with the files and folders that they include, and joins them in the order in which they are named,
 * what is included before what includes it. `baseDirectory` is where relative paths of the result begin. Throws a {@link ConfigError}
 * with every problem.
 */
export async function joinFiles(
  names: readonly string[],
  files: ConfigFiles,
  baseDirectory: string,
): Promise<{ readonly value: unknown; readonly locate: Locate }> {
  const reader = new Reader(files, baseDirectory);
  for (const name of names) await reader.add(name, []);
  if (reader.problems.length > 0) throw new ConfigError(reader.problems);
  const { joined, bare } = reader;
  // A single file that is no mapping is reported by the schema, as such an object would be.
  return names.length === 1 && bare !== undefined ? bare : { value: joined.value, locate: joined.locate };
}

class Reader {
  readonly problems: PlacedProblem[] = [];
  readonly joined = new JoinedConfig();
  /** A file of the command line that holds no mapping. */
  bare: ParsedText | undefined;
  readonly #files: ConfigFiles;
  readonly #baseDirectory: string;
  /** The files up to now by their paths: where each was included. */
  readonly #included = new Map<string, string>();

  constructor(files: ConfigFiles, baseDirectory: string) {
    this.#files = files;
    this.#baseDirectory = baseDirectory;
  }

  /** Adds a file, after what it includes. `chain` holds the files that led here, the first one first. */
  async add(name: string, chain: readonly string[], from = 'the command line'): Promise<void> {
    this.#included.set(pathOf(name), from);
    const parsed = await this.#parse(name);
    if (parsed === undefined) return;
    if (!isRecord(parsed.value)) {
      const isEmpty = parsed.value === null || parsed.value === undefined;
      if (chain.length === 0) this.bare = parsed;
      if (!isEmpty && (chain.length > 0 || this.#included.size > 1))
        this.#complain(name, parsed, [], 'expected a mapping, as a configuration is.');
      return;
    }
    const { include, ...own } = parsed.value;
    if (include !== undefined) await this.#include(name, parsed, include, [...chain, name]);
    const value = rebasePaths(own, dirname(resolve(name)), this.#baseDirectory);
    const twice = this.joined.add(name, value, parsed.locate);
    for (const { path, place } of twice) this.#complain(name, parsed, path, `this stands in ${place} already.`, 'key');
  }

  async #parse(name: string): Promise<ParsedText | undefined> {
    const language = languageOf(name);
    if (language === undefined) throw new Error(`${name} is no YAML and no JSON.`);
    let text: string;
    try {
      text = await this.#files.text(name);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.problems.push({ severity: 'error', file: name, message: `the file cannot be read: ${reason}.` });
      return undefined;
    }
    const parsed = (language === 'json' ? readPlainJson(text) : undefined) ?? (await parse(text, language));
    this.problems.push(...parsed.syntaxErrors.map((error) => ({ severity: 'error' as const, file: name, ...error })));
    return parsed.syntaxErrors.length > 0 ? undefined : parsed;
  }

  async #include(name: string, parsed: ParsedText, include: unknown, chain: readonly string[]): Promise<void> {
    const entries = Array.isArray(include) ? (include as unknown[]) : [include];
    for (const [index, entry] of entries.entries()) {
      const path = Array.isArray(include) ? ['include', index] : ['include'];
      if (typeof entry !== 'string' || entry === '') {
        this.#complain(name, parsed, path, 'expected the path of a file or a folder, or a list of them.');
        continue;
      }
      const place = parsed.locate(path, 'value');
      const named = isAbsolute(entry) ? entry : join(name === STDIN ? '.' : dirname(name), entry);
      for (const file of (await this.#files.folder(named)) ?? [named]) {
        const problem = this.#includeProblem(file, chain);
        if (problem !== undefined) this.#complain(name, parsed, path, problem);
        else await this.add(file, chain, place === undefined ? name : `${name}:${place.line}:${place.column}`);
      }
    }
  }

  /** Why a file cannot be included; undefined if it can. */
  #includeProblem(file: string, chain: readonly string[]): string | undefined {
    const path = pathOf(file);
    const start = chain.findIndex((other) => pathOf(other) === path);
    if (start >= 0) return `this is a circle: ${[...chain.slice(start), file].join(' includes ')}.`;
    const before = this.#included.get(path);
    if (before !== undefined) return `${file} is included already, by ${before}.`;
    if (languageOf(file) === undefined) return `${file} is neither a folder nor YAML or JSON (.yaml, .yml, .json).`;
    return this.#included.size >= MAX_FILES ? `a configuration has at most ${MAX_FILES} files.` : undefined;
  }

  #complain(file: string, { locate }: ParsedText, path: ConfigPath, message: string, at?: 'key'): void {
    this.problems.push(placeProblem({ path, message, ...(at && { at }) }, file, locate));
  }
}

/** Loads the parser of YAML, which most JSON does not need. */
async function parse(text: string, language: 'yaml' | 'json'): Promise<ParsedText> {
  const { parseText } = await import('./locate.ts');
  return parseText(text, language, process.env, await largeYaml(text, language));
}

/** The value of a large text in YAML, if it can be read fast. */
async function largeYaml(text: string, language: 'yaml' | 'json'): Promise<{ readonly value: unknown } | undefined> {
  if (language !== 'yaml' || text.length < LARGE_YAML) return undefined;
  const { plainYaml } = await import('../text/yaml-text.ts');
  return plainYaml(text);
}

function pathOf(name: string): string {
  return name === STDIN ? STDIN : resolve(name);
}
