import { formatPath, isRecord } from '../config/problem/problem.ts';

/** Sections that name code, which is loaded even if the rest is refused, or say who may change anything. */
const SECTIONS = ['plugins', 'tracing', 'admin', 'include', '$schema'];

/** Keys that name files, each with `*` for any name: with them who may change a configuration could read and write what the process may. */
const FILES = [
  ['log', 'file'],
  ['zones', '*', 'file'],
  ['services', '*', 'http', 'errorPages'],
];

/** What in a change only the file can change; undefined if there is nothing. What is taken away is no such thing. */
export function fileOnlyIn(patch: Readonly<Record<string, unknown>>): string | undefined {
  const section = SECTIONS.find((key) => Object.hasOwn(patch, key));
  if (section !== undefined) return section;
  for (const keys of FILES) {
    const path = pathTo(patch, keys);
    if (path !== undefined) return formatPath(path);
  }
  return undefined;
}

/** The path of the first value at these keys. */
function pathTo(value: unknown, [key, ...rest]: readonly string[]): string[] | undefined {
  if (key === undefined) return value === null || value === undefined ? undefined : [];
  if (!isRecord(value)) return undefined;
  const names = key === '*' ? Object.keys(value) : [key];
  for (const name of names) {
    const inner = Object.hasOwn(value, name) ? pathTo(value[name], rest) : undefined;
    if (inner !== undefined) return [name, ...inner];
  }
  return undefined;
}
