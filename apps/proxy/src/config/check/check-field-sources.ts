import { ProxyError } from '@inband/core';
import { resolve } from 'node:path';
import { type ConfigPath, isRecord, type Problem } from '../problem/problem.ts';
import { readLine, readVariable } from '../read/line-file.ts';
import { named, records } from '../problem/written.ts';

/** The files and variables of values of fields that cannot be used. The configuration is as it was written. */
export function checkFieldSources({ services }: Record<string, unknown>, baseDirectory: string): Problem[] {
  return named(services).flatMap(([name, service]) => {
    const path = ['services', name];
    const ofRoutes = records(service.routes).flatMap(([index, { fields, respond }]) => {
      if (fields === undefined && respond === undefined) return [];
      const at = [...path, 'routes', index];
      const own = isRecord(respond) ? sourcesOf(respond.fields, [...at, 'respond', 'fields']) : [];
      return [...sourcesIn(fields, [...at, 'fields']), ...own];
    });
    return [...sourcesIn(service.fields, [...path, 'fields']), ...ofRoutes].flatMap(({ read, at }) => {
      const message = problemOf(() => read(baseDirectory));
      return message === undefined ? [] : [{ path: at, message }];
    });
  });
}

interface FoundSource {
  /** Throws a `ProxyError` if it cannot be used. */
  readonly read: (baseDirectory: string) => void;
  readonly at: ConfigPath;
}

function sourcesIn(fields: unknown, path: ConfigPath): FoundSource[] {
  if (!isRecord(fields)) return [];
  return (['request', 'response'] as const).flatMap((message) =>
    records(fields[message]).flatMap(([index, rule]) =>
      (['set', 'add', 'append'] as const).flatMap((change) =>
        sourcesOf(rule[change], [...path, message, index, change]),
      ),
    ),
  );
}

/** Of values by the names of their fields. */
function sourcesOf(values: unknown, path: ConfigPath): FoundSource[] {
  return named(values).flatMap(([field, { file, env }]): FoundSource[] => {
    const at = [...path, field];
    if (typeof file === 'string') return [{ read: (base) => readLine(resolve(base, file)), at: [...at, 'file'] }];
    return typeof env === 'string' ? [{ read: () => readVariable(env), at: [...at, 'env'] }] : [];
  });
}

function problemOf(read: () => void): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (error instanceof ProxyError) return error.message;
    throw error;
  }
}
