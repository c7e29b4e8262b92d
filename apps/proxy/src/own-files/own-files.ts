import { existsSync, readFileSync } from 'node:fs';

/** Whether this is what was built of the sources (`build/bundle.ts`), and not a source. */
export const isBuilt = import.meta.url.endsWith('.js');

/** A file of the package `inband`, by its path in it. */
export function ownFile(path: string): URL {
  return new URL(path, ownFolder());
}

/** A module that the build has as an entry, by its path in `src` without an ending: `index` or `workers/worker-main`. */
export function ownModule(path: string): URL {
  return ownFile(isBuilt ? `dist/${path}.js` : `src/${path}.ts`);
}

/** The version of the package. */
export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(ownFile('package.json'), 'utf8'));
  const isObject = typeof manifest === 'object' && manifest !== null;
  return isObject && 'version' in manifest ? String(manifest.version) : 'unknown';
}

/** The folder of the package. Searched, because a build joins sources of several folders into one file. */
function ownFolder(): URL {
  let folder = new URL('.', import.meta.url);
  while (!existsSync(new URL('package.json', folder)) && folder.pathname !== '/') folder = new URL('..', folder);
  return folder;
}
