import { existsSync } from 'node:fs';
import { findPackageJSON, isBuiltin, registerHooks, type ResolveFnOutput } from 'node:module';

/** What stands in a repository, and is no dependency. */
const SOURCE = /^file:\/\/(?!.*\/node_modules\/).*\.ts(?:\?|$)/;

/** A module beside the one that imports it, by its whole name, as ES modules have to say it. */
const BESIDE = /^\.\.?\/.*\.(?:ts|m?js)$/;

/** What imports by a name: a source, or a module of a package. Other names (`configuration.js`) are those of no file. */
const MODULE = /^file:\/\/.*(?:\.ts(?:\?|$)|\/node_modules\/)/;

/** Neither a path, a URL nor what a package keeps to itself (`#name`). */
const PACKAGE = /^[@a-z][^:]*$/;

/** What packages were resolved to, by the package that asked for them. */
const resolved = new Map<string, ResolveFnOutput>();

/** The `package.json` that holds for a folder. */
const packages = new Map<string, string | undefined>();

/**
 * From now on, ES modules that import each other by a relative path are found by the path alone, and so are test files and the
 * modules of Node.js; packages are found once for each package. Vitest would report each of a hundred thousand imports to its main
 * process, which wants them in watch mode only, and Node.js would ask the file system for each (`realpath`, `stat`, the nearest
 * `package.json`).
 */
export function resolveByPath(): void {
  registerHooks({
    resolve(specifier, { parentURL = '', conditions }, nextResolve) {
      if (specifier.startsWith('node:') && isBuiltin(specifier)) {
        return { url: specifier, format: 'builtin', shortCircuit: true };
      }
      if (!conditions.includes('import')) return nextResolve(specifier);
      if (SOURCE.test(specifier) && existsSync(new URL(specifier))) return found(specifier);
      if (!MODULE.test(parentURL)) return nextResolve(specifier);
      // Node.js knows the real path of the module that asks, and packages have no links within themselves.
      if (BESIDE.test(specifier)) return found(new URL(specifier, parentURL).href);
      if (!PACKAGE.test(specifier)) return nextResolve(specifier);
      const key = `${specifier} ${packageOf(parentURL)}`;
      const known = resolved.get(key) ?? { ...nextResolve(specifier), shortCircuit: true };
      resolved.set(key, known);
      return known;
    },
  });
}

/** Node.js finds out the format of what is no source when it loads it. */
function found(url: string): ResolveFnOutput {
  return { url, shortCircuit: true, ...(SOURCE.test(url) && { format: 'module-typescript' }) };
}

function packageOf(url: string): string | undefined {
  const folder = url.slice(0, url.lastIndexOf('/'));
  if (!packages.has(folder)) packages.set(folder, findPackageJSON(url));
  return packages.get(folder);
}
