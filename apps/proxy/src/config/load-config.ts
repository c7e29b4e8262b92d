import { parseConfig, type ParsedConfig } from './parse-config.ts';
import { type ConfigSource, readConfigFile } from './read-source.ts';
import { defaultConfig } from './schema.ts';

/**
 * Reads and validates a configuration file (`text`, if given, is what was in it), or takes the default configuration.
 * Throws a `ConfigError` that names every problem.
 */
export async function loadConfig(file: string | undefined, text?: string): Promise<[ParsedConfig, ConfigSource]> {
  const source =
    file === undefined ? { value: defaultConfig, baseDirectory: process.cwd() } : await readConfigFile(file, text);
  return [await parseConfig(source), source];
}
