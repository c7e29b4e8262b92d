import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { rolldown } from 'rolldown';

const source = import.meta.dirname;

/** Where `src/routes/page.ts` finds what was built. */
export const builtFolder = join(source, '../page-built');

/** The files of the page, by their names. The same sources give the same files. */
export async function buildPage(): Promise<ReadonlyMap<string, string>> {
  const script = named('page.js', await bundle());
  const style = named('page.css', withoutComments(await read('page.css')));
  const icon = named('icon.svg', await read('icon.svg'));
  const document = (await read('index.html'))
    .replace('%SCRIPT%', script.name)
    .replace('%STYLE%', style.name)
    .replace('%ICON%', icon.name);
  return new Map([
    ['index.html', document],
    ...[script, style, icon].map(({ name, content }) => [name, content] as const),
  ]);
}

/** Everything that the page runs, as one file. */
async function bundle(): Promise<string> {
  const build = await rolldown({ cwd: source, input: 'src/main.tsx', platform: 'browser', tsconfig: 'tsconfig.json' });
  const { output } = await build.generate({ format: 'esm', minify: true, comments: { legal: true } });
  await build.close();
  return output[0].code;
}

/** With a hash of its content in the name, so that browsers may keep it for ever. */
function named(name: string, content: string): { readonly name: string; readonly content: string } {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 12);
  const extension = extname(name);
  return { name: `${name.slice(0, -extension.length)}-${hash}${extension}`, content };
}

function read(name: string): Promise<string> {
  return readFile(join(source, name), 'utf8');
}

function withoutComments(css: string): string {
  return css
    .replaceAll(/\/\*.*?\*\//gs, '')
    .replaceAll(/\n\s+/g, '\n')
    .replaceAll(/\n{2,}/g, '\n')
    .trim();
}

/** Writes the files of the page, in place of those of before. */
export async function writePage(): Promise<void> {
  const files = await buildPage();
  await rm(builtFolder, { recursive: true, force: true });
  await mkdir(builtFolder, { recursive: true });
  await Promise.all([...files].map(([name, content]) => writeFile(join(builtFolder, name), content)));
}

if (import.meta.main) await writePage();
