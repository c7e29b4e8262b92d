import type { NetworkList } from '@inband/core';
import { resolve } from 'node:path';
import { isRecord, type Problem } from '../problem/problem.ts';
import { ListFileError } from './list-file-error.ts';
import { readZoneFile } from './zone-file.ts';

/** The content of a zone's file at the start. */
export interface ZoneList {
  readonly zone: string;
  /** Its index among the files of the zone. */
  readonly index: number;
  /** As the configuration names it. */
  readonly name: string;
  readonly path: string;
  readonly networks: NetworkList;
  readonly stamp: string;
}

/**
 * Reads the files of all zones. Relative paths are relative to `baseDirectory`. `zones` is not validated yet; values of the wrong
 * type are skipped, because the schema reports them.
 */
export async function loadZoneLists(
  zones: unknown,
  baseDirectory: string,
): Promise<{ readonly lists: readonly ZoneList[]; readonly problems: readonly Problem[] }> {
  const lists: ZoneList[] = [];
  const problems: Problem[] = [];
  for (const [zone, definition] of Object.entries(isRecord(zones) ? zones : {})) {
    const file: unknown = isRecord(definition) ? definition.file : undefined;
    const names = Array.isArray(file) ? (file as unknown[]) : [file];
    for (const [index, name] of names.entries()) {
      if (typeof name !== 'string' || name === '') continue;
      const path = resolve(baseDirectory, name);
      const place = ['zones', zone, 'file', ...(Array.isArray(file) ? [index] : [])];
      try {
        lists.push({ zone, index, name, path, ...(await readZoneFile(path, name)) });
      } catch (error) {
        if (!(error instanceof ListFileError)) throw error;
        problems.push(...error.problems.map((message) => ({ path: place, message })));
      }
    }
  }
  return { lists, problems };
}
