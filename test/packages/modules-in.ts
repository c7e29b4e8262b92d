import { sourcesIn } from './sources-in.ts';

/** A module of ours, and the file that has it. */
interface OwnModule {
  /** Of its source, for example `core/base/errors`. */
  readonly name: string;
  readonly file: string;
}

/** Modules of ours that are in more than one of the files that a thread has loaded. */
export function modulesLoadedTwice(files: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const found = Map.groupBy(files.flatMap(ownModulesIn), ({ name }) => name);
  const several = Array.from(found, ([name, all]) => [name, all.map(({ file }) => file)] as const);
  return Object.fromEntries(several.filter(([, all]) => all.length > 1));
}

/** The build has copies of sources of packages. What is not in it is a file of its own package. */
export function ownModulesIn(file: string): readonly OwnModule[] {
  const [, packageName, path] = /\/node_modules\/@inband\/([^/]+)\/dist\/(.*)\.js$/.exec(file) ?? [];
  if (packageName !== undefined) return [{ name: `${packageName}/${path}`, file }];
  if (!file.includes('/node_modules/inband/dist/')) return [];
  return sourcesIn([file]).flatMap((source) => {
    const [, of, inPackage] = /^(?:\.\.\/\.\.\/packages\/([^/]+)\/)?src\/(.*)\.ts$/.exec(source) ?? [];
    return inPackage === undefined ? [] : [{ name: `${of ?? 'proxy'}/${inPackage}`, file }];
  });
}
