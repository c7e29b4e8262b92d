import { useCompileCache } from './compile-cache.mjs';
import { setEngineFlags } from './engine-flags.mjs';

const { existsSync } = process.getBuiltinModule('node:fs');

/**
 * Runs a module of the program. In the workspace the sources run as they are, unless `isBuilt` says that there is something newer
 * than they are; a package has only what was built of them.
 */
export function start(module, isBuilt = false) {
  setEngineFlags();
  const source = new URL(`../src/${module}.ts`, import.meta.url);
  const built = new URL(`../dist/${module}.js`, import.meta.url);
  const runsBuilt = isBuilt || !existsSync(source);
  // After the flags, because what is kept is only for the flags of V8 with which it was compiled.
  if (runsBuilt) useCompileCache(new URL('..', import.meta.url));
  void import(runsBuilt ? built : source);
}
