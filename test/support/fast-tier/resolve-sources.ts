import { isBuiltin, registerHooks } from 'node:module';

/** What stands in a repository, and is no dependency. */
const SOURCE = /^file:\/\/(?!.*\/node_modules\/).*\.ts(?:\?|$)/;

/**
 * From now on, sources that import each other by a relative path are found by the path alone, and so are the modules of
 * Node.js. Vitest would report each of a hundred thousand imports to its main process, which wants them in watch mode only,
 * and Node.js would ask the file system for each (`realpath`, `stat`, the nearest `package.json`).
 */
export function resolveSourcesByPath(): void {
  registerHooks({
    resolve(specifier, { parentURL = '' }, nextResolve) {
      if (specifier.startsWith('node:') && isBuiltin(specifier)) {
        return { url: specifier, format: 'builtin', shortCircuit: true };
      }
      if (specifier.startsWith('.') && specifier.endsWith('.ts') && SOURCE.test(parentURL)) {
        return { url: new URL(specifier, parentURL).href, format: 'module-typescript', shortCircuit: true };
      }
      return nextResolve(specifier);
    },
  });
}
