import { dirname, extname, resolve } from 'node:path';
import { ConfigError, type Locate } from '../problem/problem.ts';
import { ConfigFiles, type FilesRead, STDIN } from './config-files.ts';
import { joinFiles } from './join-files.ts';
import { importModule } from './module-loader.ts';

/** A configuration that was read and is not validated yet. */
export interface ConfigSource {
  readonly value: unknown;
  /** As the user named it, for messages. */
  readonly file?: string;
  /** Finds a path in the text; undefined if there is no text. */
  readonly locate?: Locate;
  /** What was read, unless the configuration is a module. */
  readonly files?: FilesRead;
  /** The directory for relative paths. */
  readonly baseDirectory: string;
}

const TEXTS = ['.yaml', '.yml', '.json'];
const MODULES = ['.ts', '.mts', '.js', '.mjs'];

/**
 * Reads a configuration: a file, a folder of YAML and JSON files, or `-` for standard input. What is `known` is not read again.
 * Throws a {@link ConfigError} if something cannot be read or parsed.
 */
export async function readConfigFile(file: string, known?: FilesRead): Promise<ConfigSource> {
  const ending = extname(file).toLowerCase();
  if (MODULES.includes(ending)) return readModule(file);
  const files = new ConfigFiles(known);
  const inFolder = await files.folder(file);
  if (inFolder?.length === 0) {
    throw configError(file, `there is no file in this folder whose name ends in one of ${TEXTS.join(', ')}.`);
  }
  if (inFolder === undefined && file !== STDIN && !TEXTS.includes(ending)) {
    throw configError(file, `the name of a configuration ends in one of ${[...TEXTS, ...MODULES].join(', ')}.`);
  }
  const baseDirectory = inFolder ? resolve(file) : dirname(resolve(file));
  const { value, locate } = await joinFiles(inFolder ?? [file], files, baseDirectory);
  return { value, file, locate, files: files.read, baseDirectory };
}

async function readModule(file: string): Promise<ConfigSource> {
  const path = resolve(file);
  const baseDirectory = dirname(path);
  let module: Record<string, unknown>;
  try {
    module = await importModule(path, baseDirectory, { again: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw configError(file, `the module cannot be loaded: ${reason}`);
  }
  if (module.default === undefined) {
    throw configError(file, 'expected a default export: export default defineConfig({ … }).');
  }
  return { value: module.default, file, baseDirectory };
}

function configError(file: string, message: string): ConfigError {
  return new ConfigError([{ severity: 'error', file, message }]);
}
