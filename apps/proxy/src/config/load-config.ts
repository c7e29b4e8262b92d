import { unfinishedModules } from './read/module-loader.ts';
import { parseConfig, type ParsedConfig } from './parse-config.ts';
import { ConfigError, type PlacedProblem } from './problem/problem.ts';
import { type FilesRead, STDIN } from './read/config-files.ts';
import { type ConfigSource, readConfigFile } from './read/read-source.ts';
import { defaultConfig } from './schema/schema.ts';

/** Milliseconds to load a configuration with its modules, plugins and files. */
const LONGEST_LOAD = 10_000;

/**
 * Reads and validates a configuration file, a folder, or standard input (`-`), or takes the default configuration. What is `known`
 * is not read again.
 * Throws a `ConfigError` with every problem, also if loading does not end in time.
 */
export async function loadConfig(file: string | undefined, known?: FilesRead): Promise<[ParsedConfig, ConfigSource]> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new ConfigError([unfinished(file)])), LONGEST_LOAD);
  });
  try {
    return await Promise.race([load(file, known), tooLong]);
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

/** Reads a configuration again, for a reload. Throws a `ConfigError` also for one that did not come from a file. */
export async function loadAgain(file: string | undefined): Promise<[ParsedConfig, ConfigSource]> {
  const from = READ_ONCE.get(file);
  if (from === undefined) return loadConfig(file);
  const message = `the configuration came by ${from}; restart, or name a file.`;
  throw new ConfigError([{ severity: 'error', file, message }]);
}

async function load(file: string | undefined, known: FilesRead | undefined): Promise<[ParsedConfig, ConfigSource]> {
  const source =
    file === undefined ? { value: defaultConfig, baseDirectory: process.cwd() } : await readConfigFile(file, known);
  const parsed = await parseConfig(source);
  return [parsed, withTexts(source, parsed.errorPages.texts)];
}

/** With the texts of error pages among the files, which are watched, and given to workers. */
function withTexts(source: ConfigSource, texts: FilesRead['texts']): ConfigSource {
  const { files } = source;
  return files === undefined ? source : { ...source, files: { ...files, texts: { ...files.texts, ...texts } } };
}

function unfinished(file = 'the default configuration'): PlacedProblem {
  const modules = unfinishedModules();
  const what =
    modules.length > 0
      ? `${modules.join(', ')} did not finish; an await in it waits for something that never comes`
      : file === STDIN
        ? 'standard input did not end, or a file that it names cannot be read to its end'
        : 'a file that it names cannot be read to its end, or the check of a plugin’s options does not finish';
  return { severity: 'error', file, message: `it was not loaded within ${LONGEST_LOAD / 1000} s: ${what}.` };
}
