import { autoResolverFactory, inbandFactory } from '@inband/chainers';
import { type Plugin, PluginRegistry } from '@inband/core';
import type { ParsedConfig } from './parse-config.ts';
import { noteBuiltIn } from './plugins/built-in.ts';
import { completeDefault, defaultOptions } from './complete-default.ts';

/** Of options that are complete. */
const COMPLETE: Plugin['schema'] = {
  '~standard': { version: 1, vendor: 'inband', validate: (value) => ({ value }) },
};

/** What `parseConfig` makes of the default configuration, without loading a schema. It has the plugins that it uses, and no others. */
export function parsedDefault(baseDirectory: string): ParsedConfig {
  const registry = new PluginRegistry();
  for (const factory of [inbandFactory, autoResolverFactory])
    registry.register(noteBuiltIn({ ...factory, schema: COMPLETE }));
  return {
    config: completeDefault,
    baseDirectory,
    registry,
    pluginOptions: new Map(Object.entries(defaultOptions)),
    zoneLists: [],
    hostLists: new Map(),
    zoneRoutes: new Set(),
    errorPages: { pages: new Map(), texts: {} },
    tls: undefined,
    compilePattern: undefined,
    serverTls: undefined,
    prepared: new Map(),
    clusterFiles: {},
    tracingApi: undefined,
    warnings: [],
    placedWarnings: [],
  };
}
