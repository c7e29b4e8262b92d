import { isRecord } from '../problem/problem.ts';

/** The mappings in a list, with their indices; empty if it is no list. */
export function records(list: unknown): [number, Record<string, unknown>][] {
  const found: [number, Record<string, unknown>][] = [];
  if (!Array.isArray(list)) return found;
  for (let index = 0; index < list.length; index += 1) {
    const item: unknown = list[index];
    if (isRecord(item)) found.push([index, item]);
  }
  return found;
}

/** The mappings in a mapping, with their keys; empty if it is no mapping. */
export function named(mapping: unknown): [string, Record<string, unknown>][] {
  if (!isRecord(mapping)) return [];
  return Object.entries(mapping).filter((entry): entry is [string, Record<string, unknown>] => isRecord(entry[1]));
}
