import { registerHooks } from 'node:module';
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ownModule } from '../../own-files/own-files.ts';
import { isRecord } from '../problem/problem.ts';

/** Packages that a configuration imports, with the folder from which each is resolved. */
const lookUpFrom = new Map<string, string>();
/** Modules that are being imported, as they were named, with the URL of the file. */
const unfinished = new Map<string, string | undefined>();
/** How often each file could not be imported, by its URL. */
const failures = new Map<string, number>();
/** The times that a configuration was imported. */
let imports = 0;
let hooked = false;

/**
 * Imports a module that a configuration names: the path of a file (absolute, or beginning with a dot) or a package.
 * Both are resolved from `baseDirectory`. Node strips the types of TypeScript. `again`: a file that was imported before is read again
 * (what it imports itself is not). Node never lets go of a module. One that has failed is read again in any case, because whoever corrects it would
 * get the same error for ever; {@link importAgain}.
 */
export async function importModule(
  specifier: string,
  baseDirectory: string,
  { again = false } = {},
): Promise<Record<string, unknown>> {
  installHook();
  const path = pathOf(specifier, baseDirectory);
  if (path === undefined) lookUpFrom.set(specifier, pathToFileURL(resolve(baseDirectory, 'configuration.js')).href);
  const file = path === undefined ? undefined : pathToFileURL(path).href;
  const query = again && imports > 0 ? `?reload=${imports}` : queryAfterFailures(file);
  if (again) imports += 1;
  unfinished.set(specifier, file);
  try {
    const module: unknown = await import(/* @vite-ignore */ file === undefined ? specifier : file + query);
    return isRecord(module) ? module : {};
  } catch (error) {
    countFailure(file);
    throw error;
  } finally {
    unfinished.delete(specifier);
  }
}

/** What a module exports is of no use: its file, once it is corrected, is read again. */
export function importAgain(specifier: string, baseDirectory: string): void {
  const path = pathOf(specifier, baseDirectory);
  if (path !== undefined) countFailure(pathToFileURL(path).href);
}

function queryAfterFailures(file = ''): string {
  const failed = failures.get(file);
  return failed === undefined ? '' : `?again=${failed}`;
}

function countFailure(file: string | undefined): void {
  if (file !== undefined) failures.set(file, (failures.get(file) ?? 0) + 1);
}

/**
 * Modules that are being imported, as they were named. They are told once: nobody waits for them any more, and what does not end later may have another
 * reason.
 */
export function takeUnfinishedModules(): string[] {
  const modules = [...unfinished.keys()];
  for (const file of unfinished.values()) countFailure(file);
  unfinished.clear();
  return modules;
}

/** The path of the file that a specifier names; undefined when it names a package. */
export function pathOf(specifier: string, baseDirectory: string): string | undefined {
  if (specifier.startsWith('file:')) return fileURLToPath(specifier);
  return isAbsolute(specifier) || /^\.\.?\//.test(specifier) ? resolve(baseDirectory, specifier) : undefined;
}

/**
 * Node resolves a package from the module that imports it. There are two exceptions: a package that a configuration names is
 * resolved from the folder of the configuration, and `inband` is this program itself, so that a plugin needs nothing installed
 * and has the same classes.
 */
function installHook(): void {
  if (hooked) return;
  hooked = true;
  const own = ownModule('index').href;
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === 'inband') return next(own, context);
      // In the build other modules are in the same file, and import packages of their own.
      const isOurs = context.parentURL === import.meta.url && unfinished.has(specifier);
      const parentURL = isOurs ? lookUpFrom.get(specifier) : undefined;
      return next(specifier, parentURL === undefined ? context : { ...context, parentURL });
    },
  });
}
