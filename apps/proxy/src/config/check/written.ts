import { isRecord } from '../problem/problem.ts';

/** The mappings in a list, with their indices; empty if it is no list. */
export function records(list: unknown): [number, Record<string, unknown>][] {
  if (!Array.isArray(list)) return [];
  return [...(list as unknown[]).entries()].filter((entry): entry is [number, Record<string, unknown>] =>
    isRecord(entry[1]),
  );
}

/** The mappings in a mapping, with their keys; empty if it is no mapping. */
export function named(mapping: unknown): [string, Record<string, unknown>][] {
  if (!isRecord(mapping)) return [];
  return Object.entries(mapping).filter((entry): entry is [string, Record<string, unknown>] => isRecord(entry[1]));
}
