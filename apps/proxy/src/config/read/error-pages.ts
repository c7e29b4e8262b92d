import { isPageTemplate, PAGE_FIELDS, type PageProblem, parsePage } from '@inband/http-proxy';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { unknownKey } from '../problem/issues.ts';
import { isRecord, type Problem } from '../problem/problem.ts';
import { ERROR_PAGE_KEYS } from '../schema/service/error-pages.ts';
import type { ConfigSource } from './read-source.ts';
import { decodeText } from '../text/decode-text.ts';

/** Bytes of the largest template. It is in memory, and may have pictures in it. */
const MAX_PAGE = 256 * 1024;

/** The templates of error pages that services name, read and checked. */
export interface ErrorPageTexts {
  /** By the name of the service; then by code, status or `default`. */
  readonly pages: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** What was read, by path. */
  readonly texts: Readonly<Record<string, string>>;
}

/**
 * Reads the templates of all services. What is among the files of `source` is not read again, so that all workers have the same.
 * `services` is not validated yet; values of the wrong type are skipped, because the schema reports them.
 */
export async function loadErrorPages(
  services: unknown,
  { baseDirectory, files }: Pick<ConfigSource, 'baseDirectory' | 'files'>,
): Promise<ErrorPageTexts & { readonly problems: readonly Problem[] }> {
  const pages = new Map<string, Record<string, string>>();
  const texts: Record<string, string> = {};
  const problems: Problem[] = [];
  for (const { service, key, name } of namedPages(services)) {
    const path = ['services', service, 'http', 'errorPages', key];
    if (!ERROR_PAGE_KEYS.has(key)) {
      problems.push({ path, at: 'key', message: unknownPage(key) });
      continue;
    }
    const file = resolve(baseDirectory, name);
    try {
      const text = texts[file] ?? files?.texts[file] ?? (await readPage(file));
      texts[file] = text;
      const parsed = parsePage(text);
      if (isPageTemplate(parsed)) pages.set(service, { ...pages.get(service), [key]: text });
      else problems.push({ path, message: `${name}:${parsed.line}: ${wording(parsed)}` });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      problems.push({ path, message: `${name}: the file cannot be read: ${reason}.` });
    }
  }
  return { pages, texts, problems };
}

interface NamedPage {
  readonly service: string;
  readonly key: string;
  readonly name: string;
}

function namedPages(services: unknown): NamedPage[] {
  return entries(services).flatMap(([service, definition]) => {
    const http: unknown = isRecord(definition) ? definition.http : undefined;
    return entries(isRecord(http) ? http.errorPages : undefined).flatMap(([key, name]) => {
      return typeof name === 'string' && name !== '' ? [{ service, key, name }] : [];
    });
  });
}

function entries(mapping: unknown): [string, unknown][] {
  return isRecord(mapping) ? Object.entries(mapping) : [];
}

function unknownPage(key: string): string {
  if (/^\d+$/.test(key)) return `no error of the proxy has the status ${key}; answers of servers pass as they are.`;
  return unknownKey('error', key, [...ERROR_PAGE_KEYS]);
}

function wording({ message, unknown }: PageProblem): string {
  return unknown === undefined ? `${message}.` : unknownKey('field', unknown, PAGE_FIELDS);
}

/** Bounded before it is read. Opening a pipe would wait for a writer, so that is looked at before. */
async function readPage(file: string): Promise<string> {
  if (!(await stat(file)).isFile()) throw new Error('it is not a regular file');
  let handle: FileHandle | undefined;
  try {
    handle = await open(file);
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(MAX_PAGE + 1) });
    if (bytesRead > MAX_PAGE) throw new Error(`it has more than ${MAX_PAGE} bytes, which is the largest`);
    return decodeText(buffer.subarray(0, bytesRead));
  } finally {
    await handle?.close();
  }
}
