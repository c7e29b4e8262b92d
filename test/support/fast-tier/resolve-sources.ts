import { isBuiltin, registerHooks, type ResolveFnOutput } from 'node:module';

/** What stands in a repository, and is no dependency. */
const SOURCE = /^file:\/\/(?!.*\/node_modules\/).*\.ts(?:\?|$)/;

/** Neither a path, a URL nor what a package keeps to itself (`#name`). */
const PACKAGE = /^[@a-z][^:]*$/;

/** What packages were resolved to, by the folder from which they were asked for. */
const resolved = new Map<string, ResolveFnOutput>();

/**
 * From now on, sources that import each other by a relative path are found by the path alone, and so are the modules of
 * Node.js; packages are found once for each folder. Vitest would report each of a hundred thousand imports to its main process,
 * which wants them in watch mode only, and Node.js would ask the file system for each (`realpath`, `stat`, the nearest
 * `package.json`).
 */
export function resolveSourcesByPath(): void {
  registerHooks({
    resolve(specifier, { parentURL = '', conditions }, nextResolve) {
      if (specifier.startsWith('node:') && isBuiltin(specifier)) {
        return { url: specifier, format: 'builtin', shortCircuit: true };
      }
      if (specifier.startsWith('.') && specifier.endsWith('.ts') && SOURCE.test(parentURL)) {
        return { url: new URL(specifier, parentURL).href, format: 'module-typescript', shortCircuit: true };
      }
      if (!PACKAGE.test(specifier) || !conditions.includes('import')) return nextResolve(specifier);
      const key = `${specifier} ${parentURL.slice(0, parentURL.lastIndexOf('/'))}`;
      const known = resolved.get(key);
      if (known !== undefined) return known;
      const found = { ...nextResolve(specifier), shortCircuit: true };
      resolved.set(key, found);
      return found;
    },
  });
}
