import { existsSync, globSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { builtFolder } from './places.ts';

interface Manifest {
  readonly name: string;
  readonly version: string;
}

/** Writes `dist/LICENCES.txt`: the licence of each package of others that has code among `modules`. */
export async function writeLicences(modules: readonly string[]): Promise<void> {
  const folders = new Set(modules.filter((path) => path.includes('/node_modules/')).map(packageOf));
  const texts = await Promise.all([...folders].toSorted().map(licenceIn));
  await writeFile(join(builtFolder, 'LICENCES.txt'), texts.join(`\n${'-'.repeat(80)}\n\n`));
}

/** The folder of the package that a module is in. Some have a manifest without a name in folders of theirs. */
function packageOf(module: string): string {
  const [path = module] = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(module) ?? [];
  return existsSync(join(path, 'package.json')) ? path : packageOf(dirname(path));
}

async function licenceIn(folder: string): Promise<string> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a package has both
  const { name, version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;
  const [file] = globSync('{LICENSE,LICENCE,license,licence}*', { cwd: folder });
  if (file === undefined) throw new Error(`${name} has no licence, so no copy of it may be published.`);
  return `${name} ${version}\n\n${(await readFile(join(folder, file), 'utf8')).trim()}\n`;
}
