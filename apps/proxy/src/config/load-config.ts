import { unfinishedModules } from './read/module-loader.ts';
import { parseConfig, type ParsedConfig } from './parse-config.ts';
import { ConfigError } from './problem/problem.ts';
import { type ConfigSource, readConfigFile } from './read/read-source.ts';
import { defaultConfig } from './schema/schema.ts';

/** Milliseconds to load a configuration with its modules, plugins and files. */
const LONGEST_LOAD = 10_000;

/**
 * Reads and validates a configuration file (`text`, if given, is its content), or takes the default configuration.
 * Throws a `ConfigError` with every problem, also if loading does not end in time.
 */
export async function loadConfig(file: string | undefined, text?: string): Promise<[ParsedConfig, ConfigSource]> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new ConfigError([unfinished(file)])), LONGEST_LOAD);
  });
  try {
    return await Promise.race([load(file, text), tooLong]);
  } finally {
    clearTimeout(timer);
  }
}

async function load(file: string | undefined, text: string | undefined): Promise<[ParsedConfig, ConfigSource]> {
  const source =
    file === undefined ? { value: defaultConfig, baseDirectory: process.cwd() } : await readConfigFile(file, text);
  return [await parseConfig(source), source];
}

function unfinished(file = 'the default configuration'): string {
  const modules = unfinishedModules();
  const what =
    modules.length > 0
      ? `${modules.join(', ')} did not finish; an await in it waits for something that never comes`
      : 'a file that it names cannot be read to its end, or the check of a plugin’s options does not finish';
  return `${file}: it was not loaded within ${LONGEST_LOAD / 1000} s: ${what}.`;
}
