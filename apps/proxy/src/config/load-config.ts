import { takeUnfinishedModules } from './read/module-loader.ts';
import { defaultConfig } from './default-config.ts';
import { parsedDefault } from './parsed-default.ts';
import type { ParsedConfig, ParseOptions } from './parse-config.ts';
import { ConfigError, type PlacedProblem } from './problem/problem.ts';
import { type FilesRead, type PushedFiles, STDIN } from './read/config-files.ts';
import type { MergePatch } from './read/merge-patch.ts';
import { patched } from './read/patched-source.ts';
import type { ConfigSource } from './read/read-source.ts';

/** Milliseconds to load a configuration with its modules, plugins and files. Of many certificates each has so long. */
const LONGEST_LOAD = 10_000;

export interface LoadOptions extends Pick<ParseOptions, 'isWorker'> {
  /** Called with what was read, before it is validated. */
  readonly onRead?: ((source: ConfigSource) => void) | undefined;
}

/**
 * Reads and validates a configuration file, a folder, or standard input (`-`), or takes the default configuration. What is `known`
 * is not read again, and its patches are applied.
 * Throws a `ConfigError` with every problem, also if loading does not end in time.
 */
export async function loadConfig(
  file: string | undefined,
  known?: FilesRead,
  { isWorker = false, onRead }: LoadOptions = {},
): Promise<[ParsedConfig, ConfigSource]> {
  return within(file, async (onProgress) => {
    const source = await readSource(file, known);
    onRead?.(source);
    return parsePatched(source, known?.patches, { isWorker, onProgress });
  });
}

/** Validates a source that was read with patches applied to it. Throws as {@link loadConfig} does. */
export async function loadPatched(
  source: ConfigSource,
  patches: readonly MergePatch[],
): Promise<[ParsedConfig, ConfigSource]> {
  return within(source.file, (onProgress) => parsePatched(source, patches, { onProgress }));
}

/**
 * Reads a configuration again, without validating it. What was pushed lies over it as before. Throws a `ConfigError` also for one that did not come
 * from a file.
 */
export async function readAgain(source: Pick<ConfigSource, 'file' | 'files'>): Promise<ConfigSource> {
  refuseReadOnce(source.file);
  return readUnder(source, source.files?.pushed);
}

/** Reads a configuration again, with something else that was pushed; undefined for nothing. What can be read once is not read again. */
export async function readUnder(
  { file, files }: Pick<ConfigSource, 'file' | 'files'>,
  pushed: PushedFiles | undefined,
): Promise<ConfigSource> {
  const stdin = files?.texts[STDIN];
  const known = { texts: stdin === undefined ? {} : { [STDIN]: stdin }, folders: {} };
  return within(file, () => readSource(file, pushed === undefined ? known : { ...known, pushed }));
}

/** `load` calls its parameter when it has come further. */
async function within<T>(file: string | undefined, load: (onProgress: () => void) => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new ConfigError([unfinished(file)])), LONGEST_LOAD);
  });
  try {
    return await Promise.race([load(() => void timer?.refresh()), tooLong]);
  } finally {
    clearTimeout(timer);
  }
}

/** The name of a configuration that was made from arguments instead of a file. */
export const COMMAND_LINE = 'the command line';

/** What cannot be read again, by its name. */
const READ_ONCE: ReadonlyMap<string | undefined, string> = new Map([
  [STDIN, 'standard input, which is read once'],
  [COMMAND_LINE, 'the command line'],
]);

/** Whether a configuration cannot be read again by another process with the same command line. */
export function isReadOnce(file: string | undefined): boolean {
  return file === STDIN;
}

function refuseReadOnce(file: string | undefined): void {
  const from = READ_ONCE.get(file);
  if (from === undefined) return;
  const message = `the configuration came by ${from}; restart, or name a file.`;
  throw new ConfigError([{ severity: 'error', file, message }]);
}

async function readSource(file: string | undefined, known: FilesRead | undefined): Promise<ConfigSource> {
  if (file === undefined) return { value: defaultConfig, baseDirectory: process.cwd() };
  const { readConfigFile } = await import('./read/read-source.ts');
  const own = await readConfigFile(file, known);
  if (known?.pushed === undefined) return own;
  const { withPushed } = await import('./read/pushed-source.ts');
  return withPushed(own, known.pushed);
}

async function parsePatched(
  source: ConfigSource,
  patches: readonly MergePatch[] | undefined,
  options: ParseOptions,
): Promise<[ParsedConfig, ConfigSource]> {
  const whole = patched(source, patches);
  // A module may export it, too, with changes of its own.
  const isDefault = whole.file === undefined && whole.value === defaultConfig;
  if (isDefault) return [parsedDefault(whole.baseDirectory), whole];
  // With all schemas, which the default configuration does not need.
  const { parseConfig } = await import('./parse-config.ts');
  const parsed = await parseConfig(whole, options);
  return [parsed, withTexts(whole, parsed.errorPages.texts)];
}

/** With the texts of error pages among the files, which are watched, and given to workers. */
function withTexts(source: ConfigSource, texts: FilesRead['texts']): ConfigSource {
  const { files } = source;
  return files === undefined ? source : { ...source, files: { ...files, texts: { ...files.texts, ...texts } } };
}

function unfinished(file: string | undefined): PlacedProblem {
  const modules = takeUnfinishedModules();
  const what =
    modules.length > 0
      ? `${modules.join(', ')} did not finish; an await in it waits for something that never comes`
      : file === STDIN
        ? 'standard input did not end, or a file that it names cannot be read to its end'
        : 'a file that it names cannot be read to its end, or the check of a plugin’s options does not finish';
  const it = file === undefined ? 'the configuration' : 'it';
  return { severity: 'error', file, message: `${it} was not loaded within ${LONGEST_LOAD / 1000} s: ${what}.` };
}
