import { ProxyError } from '@inband/core';
import { resolve } from 'node:path';
import { type ConfigPath, isRecord, type Problem } from '../problem/problem.ts';
import { readLine } from '../read/line-file.ts';
import { named, records } from './written.ts';

/** The files of values in `fields` that cannot be used. The configuration is as it was written. */
export function checkFieldFiles({ services }: Record<string, unknown>, baseDirectory: string): Problem[] {
  return named(services).flatMap(([name, service]) => {
    const path = ['services', name];
    const ofRoutes = records(service.routes).flatMap(([index, route]) => {
      return filesIn(route.fields, [...path, 'routes', index, 'fields']);
    });
    return [...filesIn(service.fields, [...path, 'fields']), ...ofRoutes].flatMap(({ file, at }) => {
      const message = problemOf(resolve(baseDirectory, file));
      return message === undefined ? [] : [{ path: at, message }];
    });
  });
}

interface FoundFile {
  readonly file: string;
  readonly at: ConfigPath;
}

function filesIn(fields: unknown, path: ConfigPath): FoundFile[] {
  if (!isRecord(fields)) return [];
  return (['request', 'response'] as const).flatMap((message) =>
    records(fields[message]).flatMap(([index, rule]) =>
      (['set', 'add', 'append'] as const).flatMap((change) =>
        named(rule[change]).flatMap(([field, { file }]) => {
          return typeof file === 'string' ? [{ file, at: [...path, message, index, change, field, 'file'] }] : [];
        }),
      ),
    ),
  );
}

function problemOf(path: string): string | undefined {
  try {
    readLine(path);
    return undefined;
  } catch (error) {
    if (error instanceof ProxyError) return error.message;
    throw error;
  }
}
