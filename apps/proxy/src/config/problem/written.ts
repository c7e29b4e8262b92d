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

/**
 * Whether a value is one that a text could hold: a list or a mapping. A plugin is none, and neither is an instance of a class, which a module or a
 * program may pass: what is inside of them is their own, and may refer to itself.
 */
export function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  // The prototype of plain objects has none itself, whichever realm they are from.
  const isMapping = prototype === null || Object.getPrototypeOf(prototype) === null;
  return isMapping && !isPlugin(value);
}

function isPlugin(value: object): boolean {
  return 'provides' in value && typeof value.provides === 'string' && 'kind' in value && typeof value.kind === 'string';
}
