import type { CompilePattern, PluginRegistry } from '@inband/core';
import { type ClusterFiles, readClusterFiles } from './check/cluster/cluster-files.ts';
import { referencesOf, routesWithZones } from './check/check-references.ts';
import { crossCheck } from './check/cross-check.ts';
import { problemsOf } from './problem/issues.ts';
import { loadPlugins } from './plugins/load-plugins.ts';
import { loadTracing } from './plugins/load-tracing.ts';
import type { TracingApi } from '../tracing/tracer-provider.ts';
import { checkPluginOptions, type PluginOptions } from './plugins/plugin-options.ts';
import { pluginUses } from './plugins/plugin-uses.ts';
import { errorsOf, placed } from './problem/placed.ts';
import { describeValue, formatPlaced, isRecord, type PlacedProblem } from './problem/problem.ts';
import type { ConfigSource } from './read/read-source.ts';
import { DEFAULT_RESOLVER } from './known/constants.ts';
import { type Config, configSchema } from './schema/schema.ts';
import { type ErrorPageTexts, loadErrorPages } from './read/error-pages.ts';
import { type LoadedTls, loadTls } from './tls/load-tls.ts';
import { type LoadedServerTls, loadServerTls } from './plugins/load-server-tls.ts';
import { type PreparedPlugins, preparePlugins } from './plugins/prepare-plugins.ts';
import { type HostLists, loadHostLists } from './lists/host-lists.ts';
import { loadPatterns } from './patterns/load-patterns.ts';
import { loadZoneLists, type ZoneList } from './lists/zone-lists.ts';
import { checkNesting } from './check/check-nesting.ts';
import { checkFieldSources } from './check/check-field-sources.ts';
import { checkOpenSecrets } from './check/secrets/check-open-secrets.ts';
import { checkServerFiles } from './server-files/check-server-files.ts';
import { checkStacking } from './check/chainers/stacking.ts';

/** A configuration that is complete and checked. Nothing in it is checked again. */
export interface ParsedConfig {
  readonly config: Config;
  /** The folder to which its paths are relative. */
  readonly baseDirectory: string;
  readonly registry: PluginRegistry;
  readonly pluginOptions: PluginOptions;
  /** The files that zones name, read. */
  readonly zoneLists: readonly ZoneList[];
  /** The files of hosts that rules and routes name, read. */
  readonly hostLists: HostLists;
  /** The routes with a condition that names zones: `services.web.routes[0]`. */
  readonly zoneRoutes: ReadonlySet<string>;
  /** The templates that services name, read. */
  readonly errorPages: ErrorPageTexts;
  /** For listeners with TLS, where there are some: the module, and the files that they name, read. */
  readonly tls: LoadedTls | undefined;
  /** Reads patterns, where there are some. */
  readonly compilePattern: CompilePattern | undefined;
  /** For chainers with TLS to their servers, where there are some: the module, and the files that they name, read. */
  readonly serverTls: LoadedServerTls | undefined;
  /** What plugins have prepared for their chainers, and for ways to authenticate. */
  readonly prepared: PreparedPlugins;
  /** What stands in the files that `store` and `cluster` name. Nothing in a worker. */
  readonly clusterFiles: ClusterFiles;
  /** For traces, where there are some. */
  readonly tracingApi: TracingApi | undefined;
  /** One line each. */
  readonly warnings: readonly string[];
  /** The same, in parts. */
  readonly placedWarnings: readonly PlacedProblem[];
}

export interface ParseOptions {
  /** Default: false. */
  readonly isWorker?: boolean | undefined;
  /** Called when one of many files was read. */
  readonly onProgress?: (() => void) | undefined;
}

/**
 * Validates a configuration. Throws a {@link ConfigError} that names every problem, in the order of the text. In a worker (`isWorker`)
 * certificates that cannot be used are warnings, because the supervisor has judged them.
 */
export async function parseConfig(
  source: ConfigSource,
  { isWorker = false, onProgress }: ParseOptions = {},
): Promise<ParsedConfig> {
  const { value } = source;
  if (!isRecord(value)) throw errorsOf(source, [{ path: [], message: notAMapping(value) }]);
  const nesting = source.locate === undefined ? checkNesting(value) : undefined;
  if (nesting !== undefined) throw errorsOf(source, [nesting]);
  const parsed = configSchema.safeParse(value);
  const { registry, problems: pluginProblems } = await loadPlugins(value.plugins, source.baseDirectory);
  const uses = pluginUses(withDefaults(value), registry);
  const { options, problems: optionProblems } = await checkPluginOptions(uses, registry);
  const { lists, problems: listProblems } = await loadZoneLists(value.zones, source.baseDirectory);
  const { hostLists, problems: hostProblems } = await loadHostLists(value.services, source.baseDirectory);
  const { problems: pageProblems, ...errorPages } = await loadErrorPages(value.services, source);
  const { loaded: tls, problems: tlsProblems } = await loadTls(value, source, { isStrict: !isWorker, onProgress });
  const { baseDirectory } = source;
  const { compile: compilePattern, problems: patternProblems } = await loadPatterns(value.services);
  const { loaded: serverTls, problems: serverTlsProblems } = await loadServerTls(uses, {
    options,
    registry,
    baseDirectory,
  });
  const { prepared, problems: prepareProblems } = await preparePlugins(uses, {
    options,
    registry,
    baseDirectory,
    isStrict: !isWorker,
  });
  // A worker that is started while such a file is wrong serves what else there is.
  const serverFileProblems = isWorker ? [] : await checkServerFiles(uses, baseDirectory);
  const { files: clusterFiles, problems: clusterProblems } =
    isWorker || !parsed.success ? NO_CLUSTER : await readClusterFiles(parsed.data, baseDirectory);
  const { api: tracingApi, problems: tracingProblems } = await loadTracing(value.tracing, source.baseDirectory);
  const references = referencesOf(configSchema, value, uses, registry);
  const problems = [
    ...(parsed.success ? [] : problemsOf(parsed.error.issues, configSchema, value)),
    ...crossCheck(value, { uses, references }),
    ...checkStacking(value, uses, registry),
    ...pluginProblems,
    ...optionProblems,
    ...listProblems,
    ...hostProblems,
    ...pageProblems,
    ...tlsProblems,
    ...patternProblems,
    ...serverTlsProblems,
    ...prepareProblems,
    ...serverFileProblems,
    ...(isWorker ? [] : [...checkFieldSources(value, baseDirectory), ...checkOpenSecrets(value, baseDirectory)]),
    ...clusterProblems,
    ...tracingProblems,
  ];
  if (!parsed.success || problems.some(({ warning }) => warning !== true)) {
    // What they warn of (a file that has changed) may be the reason for an error.
    const reasons = pluginProblems.map((problem) => ({ ...problem, warning: false }));
    throw errorsOf(source, [...problems.filter((problem) => !pluginProblems.includes(problem)), ...reasons]);
  }
  const placedWarnings = placed(source, problems);
  const warnings = placedWarnings.map(formatPlaced);
  return {
    config: parsed.data,
    baseDirectory,
    registry,
    pluginOptions: options,
    zoneLists: lists,
    hostLists,
    zoneRoutes: routesWithZones(references),
    errorPages,
    tls,
    compilePattern,
    serverTls,
    prepared,
    clusterFiles,
    tracingApi,
    warnings,
    placedWarnings,
  };
}

const NO_CLUSTER = { files: {}, problems: [] } as const;

/** With the type of the resolver, so that its options are checked also where the configuration names none. */
function withDefaults(value: Record<string, unknown>): Record<string, unknown> {
  const { resolver = {} } = value;
  return { ...value, resolver: isRecord(resolver) ? { type: DEFAULT_RESOLVER, ...resolver } : resolver };
}

function notAMapping(value: unknown): string {
  return `expected a configuration with "listeners" and "services", found ${describeValue(value)}.`;
}
