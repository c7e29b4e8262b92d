import type { PluginRegistry } from '@inband/core';
import { referencesOf } from './check/check-references.ts';
import { crossCheck } from './check/cross-check.ts';
import { problemsOf } from './problem/issues.ts';
import { loadPlugins } from './plugins/load-plugins.ts';
import { checkPluginOptions, type PluginOptions } from './plugins/plugin-options.ts';
import { pluginUses } from './plugins/plugin-uses.ts';
import { ConfigError, describeValue, formatProblem, isRecord, type Problem } from './problem/problem.ts';
import type { ConfigSource } from './read/read-source.ts';
import { type Config, configSchema, DEFAULT_RESOLVER } from './schema/schema.ts';
import { loadZoneLists, type ZoneList } from './read/zone-lists.ts';
import { checkStacking } from './check/stacking.ts';

/** A configuration that is complete and checked. Nothing in it is checked again. */
export interface ParsedConfig {
  readonly config: Config;
  readonly registry: PluginRegistry;
  readonly pluginOptions: PluginOptions;
  /** The files that zones name, read. */
  readonly zoneLists: readonly ZoneList[];
  /** One line each. */
  readonly warnings: readonly string[];
}

/** Validates a configuration. Throws a {@link ConfigError} that names every problem, in the order of the text. */
export async function parseConfig(source: ConfigSource): Promise<ParsedConfig> {
  const { value } = source;
  if (!isRecord(value)) throw errorsOf(source, [{ path: [], message: notAMapping(value) }]);
  const parsed = configSchema.safeParse(value);
  const { registry, problems: pluginProblems } = await loadPlugins(value.plugins, source.baseDirectory);
  const uses = pluginUses(withDefaults(value), registry);
  const { options, problems: optionProblems } = await checkPluginOptions(uses, registry);
  const { lists, problems: listProblems } = await loadZoneLists(value.zones, source.baseDirectory);
  const problems = [
    ...(parsed.success ? [] : problemsOf(parsed.error.issues, configSchema, value)),
    ...crossCheck(value, { uses, references: referencesOf(configSchema, value, uses, registry) }),
    ...checkStacking(value, uses, registry),
    ...pluginProblems,
    ...optionProblems,
    ...listProblems,
  ];
  if (!parsed.success || problems.some(({ warning }) => warning !== true)) throw errorsOf(source, problems);
  const warnings = linesOf(source, problems);
  return { config: parsed.data, registry, pluginOptions: options, zoneLists: lists, warnings };
}

/** With the type of the resolver, so that its options are checked also where the configuration names none. */
function withDefaults(value: Record<string, unknown>): Record<string, unknown> {
  const { resolver = {} } = value;
  return { ...value, resolver: isRecord(resolver) ? { type: DEFAULT_RESOLVER, ...resolver } : resolver };
}

function notAMapping(value: unknown): string {
  return `expected a configuration with "listeners" and "services", found ${describeValue(value)}.`;
}

/** One error with all problems that are no warnings, each with its place in the source. */
export function errorsOf(source: ConfigSource, problems: readonly Problem[]): ConfigError {
  return new ConfigError(
    linesOf(
      source,
      problems.filter(({ warning }) => warning !== true),
    ),
  );
}

/** The warnings among problems, one line each. */
export function warningsOf(source: ConfigSource, problems: readonly Problem[]): string[] {
  return linesOf(
    source,
    problems.filter(({ warning }) => warning === true),
  );
}

/** One line for each problem, in the order of the text, without duplicates. */
function linesOf(source: ConfigSource, problems: readonly Problem[]): string[] {
  const placed = problems.map((problem) => ({
    place: source.locate?.(problem.path, problem.at ?? 'value'),
    line: formatProblem(problem, source.file, source.locate),
  }));
  placed.sort(({ place: a }, { place: b }) => (a && b ? a.line - b.line || a.column - b.column : 0));
  return [...new Set(placed.map(({ line }) => line))];
}
