import { relative, resolve } from 'node:path';
import { type PushedFiles, STDIN } from './config-files.ts';
import type { ConfigSource } from './read-source.ts';

/** What standard input is called by those that it is pushed to. */
const FROM_STDIN = 'standard-input.yaml';

/** The files of a configuration that was read, as others may have them; undefined if it has none, because it is a module. */
export function filesToPush({ file, files, baseDirectory }: ConfigSource): Omit<PushedFiles, 'name'> | undefined {
  if (file === undefined || files === undefined) return undefined;
  const there = (path: string): string =>
    path === STDIN ? FROM_STDIN : relative(baseDirectory, resolve(path)).replaceAll('\\', '/');
  const folders = Object.entries(files.folders).flatMap(([path, names]): [string, string[]][] =>
    names === null ? [] : [[there(path), names.map(there)]],
  );
  return {
    main: (files.folders[file] ?? [file]).map(there),
    texts: Object.fromEntries(Object.entries(files.texts).map(([path, text]) => [there(path), text])),
    folders: Object.fromEntries(folders),
  };
}
