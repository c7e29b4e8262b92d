import { loadPatched } from '../config/load-config.ts';
import type { ParsedConfig } from '../config/parse-config.ts';
import { errorsOf } from '../config/problem/placed.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import type { ConfigInput } from '../config/input/config-input.ts';
import type { InbandOptions } from './embedding.ts';

/** Reads the configuration that a program gives. Rejects with a `ConfigError`. */
export async function parseEmbedded(
  config: ConfigInput,
  { baseDirectory = process.cwd(), tracerProvider }: InbandOptions,
): Promise<{ readonly parsed: ParsedConfig; readonly source: ConfigSource }> {
  const value = tracerProvider === undefined ? config : { tracing: {}, ...config };
  const [parsed, source] = await loadPatched({ value, baseDirectory }, []);
  refuseWorkers(parsed, source);
  return { parsed, source };
}

/** Throws a `ConfigError` if it asks for worker processes. */
export function refuseWorkers({ config }: ParsedConfig, source: ConfigSource): void {
  if (config.workers === 1) return;
  const message = 'a program that embeds the proxy runs it in its own process; leave "workers" out, or set it to 1.';
  throw errorsOf(source, [{ path: ['workers'], message }]);
}
