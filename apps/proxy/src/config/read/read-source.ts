import { readFile } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import { decodeText } from './decode-text.ts';
import { parseText } from './locate.ts';
import { importModule } from './module-loader.ts';
import { ConfigError, type Locate } from '../problem/problem.ts';

/** A configuration that was read and is not validated yet. */
export interface ConfigSource {
  readonly value: unknown;
  /** As the user named it, for messages. */
  readonly file?: string;
  /** Finds a path in the text; undefined if there is no text. */
  readonly locate?: Locate;
  /** The content of the file, unless it is a module. */
  readonly text?: string;
  /** The directory for relative paths. */
  readonly baseDirectory: string;
}

const LANGUAGES: Readonly<Record<string, 'yaml' | 'json' | 'module'>> = {
  '.yaml': 'yaml',
  '.yml': 'yaml',
  '.json': 'json',
  '.ts': 'module',
  '.mts': 'module',
  '.js': 'module',
  '.mjs': 'module',
};

/**
 * Reads a configuration file. With `known`, its content, the file is not opened. Throws a {@link ConfigError} if it cannot be
 * read or parsed.
 */
export async function readConfigFile(file: string, known?: string): Promise<ConfigSource> {
  const language = LANGUAGES[extname(file).toLowerCase()];
  if (language === undefined) {
    const endings = Object.keys(LANGUAGES).join(', ');
    throw new ConfigError([`${file}: the name of a configuration ends in one of ${endings}.`]);
  }
  return language === 'module' ? readModule(file) : readText(file, language, known);
}

async function readText(file: string, language: 'yaml' | 'json', known?: string): Promise<ConfigSource> {
  let text: string;
  try {
    text = known ?? decodeText(await readFile(file));
  } catch (error) {
    throw new ConfigError([`${file}: the file cannot be read: ${messageOf(error)}.`]);
  }
  const { value, locate, syntaxErrors } = parseText(text, language);
  if (syntaxErrors.length > 0) {
    throw new ConfigError(syntaxErrors.map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`));
  }
  return { value, file, locate, text, baseDirectory: dirname(resolve(file)) };
}

async function readModule(file: string): Promise<ConfigSource> {
  const path = resolve(file);
  const baseDirectory = dirname(path);
  let module: Record<string, unknown>;
  try {
    module = await importModule(path, baseDirectory);
  } catch (error) {
    throw new ConfigError([`${file}: the module cannot be loaded: ${messageOf(error)}`]);
  }
  if (module.default === undefined) {
    throw new ConfigError([`${file}: expected a default export: export default defineConfig({ … }).`]);
  }
  return { value: module.default, file, baseDirectory };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
