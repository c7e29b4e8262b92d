import type { TracingApi } from '../../tracing/tracer-provider.ts';
import { importModule } from '../read/module-loader.ts';
import { isRecord, type Problem } from '../problem/problem.ts';

const API = '@opentelemetry/api';

/**
 * Loads what `tracing` needs: the API of OpenTelemetry, and then the module that registers an SDK. `tracing` is not validated yet. Nothing is loaded
 * if it is left out.
 */
export async function loadTracing(
  tracing: unknown,
  baseDirectory: string,
): Promise<{ readonly api: TracingApi | undefined; readonly problems: readonly Problem[] }> {
  if (tracing === undefined) return { api: undefined, problems: [] };
  const api = await loadApi(baseDirectory);
  if (api === undefined) {
    const message = `traces need the package ${API}: run "npm install ${API}" beside the configuration.`;
    return { api, problems: [{ path: ['tracing'], at: 'key', message }] };
  }
  const sdk = isRecord(tracing) ? tracing.sdk : undefined;
  if (typeof sdk !== 'string' || sdk === '') return { api, problems: [] };
  try {
    await importModule(sdk, baseDirectory);
    return { api, problems: [] };
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).replaceAll('\n', ' ');
    const message = `the module ${JSON.stringify(sdk)} cannot be loaded: ${reason}`;
    return { api, problems: [{ path: ['tracing', 'sdk'], message }] };
  }
}

/** The one beside the configuration comes first, because the SDK there uses it. Undefined if there is none. */
async function loadApi(baseDirectory: string): Promise<TracingApi | undefined> {
  try {
    return await importModule(API, baseDirectory);
  } catch {
    return import('@opentelemetry/api').catch(() => undefined);
  }
}
