import type { PluginRegistry } from '@inband/core';
import { problemsOf, type StandardSchema, unknownKey } from './issues.ts';
import { type ConfigPath, formatPath, isRecord, type Problem } from './problem.ts';

/** The options of plugins as their own schemas give them back, by the path at which they stand. */
export type PluginOptions = ReadonlyMap<string, unknown>;

/** Validates what only a plugin can: the options of every chainer and of the resolver. */
export async function checkPluginOptions(
  config: unknown,
  registry: PluginRegistry,
): Promise<{ options: PluginOptions; problems: Problem[] }> {
  const options = new Map<string, unknown>();
  const problems: Problem[] = [];
  for (const use of usesOf(config)) {
    const plugin = use.provides === 'chainer' ? registry.chainer(use.type) : registry.resolver(use.type);
    if (plugin === undefined) {
      const message = unknownKey(use.provides, use.type, registry.kinds(use.provides));
      problems.push({ path: [...use.path, 'type'], message });
      continue;
    }
    const result = await validate(plugin.schema, use.options);
    if (result.issues === undefined) options.set(formatPath(use.path), result.value);
    else problems.push(...problemsOf(result.issues, plugin.schema, use.options, use.path));
  }
  return { options, problems };
}

interface PluginUse {
  readonly provides: 'chainer' | 'resolver';
  readonly type: string;
  readonly path: ConfigPath;
  readonly options: Record<string, unknown>;
}

/** Every place of a configuration that names a plugin by its type. What has the wrong shape is the schema's business. */
function usesOf(config: unknown): PluginUse[] {
  if (!isRecord(config)) return [];
  const uses: (PluginUse | undefined)[] = [];
  if (isRecord(config.resolver)) {
    const { cache: _, ...own } = config.resolver;
    uses.push(useOf('resolver', ['resolver'], own));
  }
  for (const [name, service] of Object.entries(isRecord(config.services) ? config.services : {})) {
    const routes: unknown = isRecord(service) ? service.routes : undefined;
    for (const [index, route] of (Array.isArray(routes) ? (routes as unknown[]) : []).entries()) {
      if (isRecord(route)) uses.push(useOf('chainer', ['services', name, 'routes', index, 'chainer'], route.chainer));
    }
  }
  return uses.filter((use) => use !== undefined);
}

function useOf(provides: PluginUse['provides'], path: ConfigPath, written: unknown): PluginUse | undefined {
  if (!isRecord(written) || typeof written.type !== 'string') return undefined;
  const { type, ...options } = { ...written, type: written.type };
  return { provides, type, path, options };
}

async function validate(schema: StandardSchema, options: unknown) {
  try {
    return await schema['~standard'].validate(options);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { issues: [{ message: `the plugin's schema failed: ${text}` }] };
  }
}
