import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { type OutputChunk, type Plugin, rolldown } from 'rolldown';
import { writeLicences } from './licences.ts';
import { withOtherNames } from './other-names.ts';
import { builtFolder, packageFolder, packagesFolder } from './places.ts';

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it has them
const manifest = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>;
  /** Loaded only where they are configured. */
  readonly peerDependencies: Readonly<Record<string, string>>;
};

/** What Node.js, a configuration or another file of the package loads by its path: each keeps its path of `src`. */
const ENTRIES = ['index', 'main', 'workers/worker-main', 'admin/thread/thread-main'];

/** What processes of the program load when they start, by names for files. */
const ROOTS = {
  program: 'cli/cli.ts',
  run: 'single/run.ts',
  supervisor: 'workers/supervisor.ts',
  worker: 'workers/worker.ts',
  config: 'config/parse-config.ts',
};

/** Packages of which the build has a copy. All others are imported when the program runs. */
const BUNDLED =
  /^(?:@inband\/(?:core|http-proxy|chainers|tls|tls-guard|auth|acme|store)|@nats-io|iovalkey|jose|zod|yaml|pino)(?:\/|$)/;

/** Files that stay apart, because they have state that the program shares with whoever started it. */
const APART = /\/bin\/(?:early-signals|compile-cache|started)\.mjs$/;

/** Nothing in them is done only because it is imported. */
const OWN_SOURCE =
  /\/packages\/[^/]+\/src\/|\/apps\/proxy\/src\/(?!(?:main|workers\/worker-main|admin\/thread\/thread-main)\.ts$)/;

/** Sources import packages of this workspace by name, which stands for their sources here. */
const workspacePackages: Plugin = {
  name: 'workspace-packages',
  resolveId(id) {
    const name = /^@inband\/(.*)$/.exec(id)?.[1];
    return name === undefined || !BUNDLED.test(id) ? undefined : join(packagesFolder, name, 'src/index.ts');
  },
};

/**
 * One character beyond Latin-1 would make V8 keep the whole text of a file with two bytes for each. They stand in strings and
 * regular expressions, where an escape means the same.
 */
const asciiOnly: Plugin = {
  name: 'ascii-only',
  generateBundle(_options, files) {
    for (const file of Object.values(files)) {
      if (file.type === 'chunk') file.code = file.code.replaceAll(/[^\0-\x7f]/g, escapeOf);
    }
  },
};

/**
 * A module of Node.js that is imported has each of its exports read first, of which some load more: `webcrypto` of node:crypto. Called by name only what is
 * used is. The names in the braces are those of the build, so lines stay as they are.
 */
const builtinsByName: Plugin = {
  name: 'builtins-by-name',
  generateBundle(_options, files) {
    for (const file of Object.values(files)) {
      if (file.type !== 'chunk') continue;
      file.code = file.code.replaceAll(IMPORT_OF_BUILTIN, (_import, whole?: string, names?: string, from?: string) => {
        const taken = `process.getBuiltinModule("${from}")`;
        const parts = names === undefined ? [] : [`{ ${names.replaceAll(' as ', ': ')} } = ${taken}`];
        return `const ${[...(whole === undefined ? [] : [`${whole} = ${taken}`]), ...parts].join(', ')};`;
      });
      const [missed] = /^import .* from "node:.*$/m.exec(file.code) ?? [];
      if (missed !== undefined) throw new Error(`rolldown wrote an import in a form that is not known: ${missed}`);
    }
  },
};

/** As rolldown writes them, one on each line. */
const IMPORT_OF_BUILTIN = /^import (?:(?:\* as )?([\w$]+))?(?:, )?(?:\{ (.*?) \})? from "(node:[\w/]+)";$/gm;

/** See {@link withOtherNames}. */
const exportsByOtherNames: Plugin = {
  name: 'exports-by-other-names',
  generateBundle(_options, files) {
    for (const [name, file] of Object.entries(files)) {
      if (file.type === 'chunk') file.code = withOtherNames(name, file.code, file.exports.length);
    }
  },
};

/** Of one UTF-16 code unit. */
function escapeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * Makes `dist/*.js` of the sources: the program and the library as a few files, which load in a third of the time that 600 take.
 * They share chunks, so a plugin that imports `inband` gets the classes of the program that runs it. Returns the paths of
 * all sources.
 */
export async function bundle(): Promise<readonly string[]> {
  const build = await rolldown({
    cwd: packageFolder,
    input: Object.fromEntries(ENTRIES.map((entry) => [entry, `src/${entry}.ts`])),
    platform: 'node',
    external: isApart,
    plugins: [workspacePackages, asciiOnly, builtinsByName, exportsByOtherNames],
    // A module is left out where nothing of it is used, also when it is part of a package of which something else is.
    treeshake: { moduleSideEffects: [{ test: OWN_SOURCE, sideEffects: false }] },
    // What an entry exports that the sources do not is for other chunks.
    preserveEntrySignatures: 'allow-extension',
  });
  const { output: apart } = await build.generate({ format: 'esm' });
  const groups = loadedTogether(apart.filter((file) => file.type === 'chunk'));
  await rm(join(builtFolder, 'chunks'), { recursive: true, force: true });
  const { output } = await build.write({
    dir: builtFolder,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name].js',
    // What imports each other is in one group, or in one that is loaded whenever the other is.
    codeSplitting: {
      groups: [{ name: (id) => groups.get(id) ?? null, debugName: 'loaded together' }],
      includeDependenciesRecursively: false,
    },
    // A stack trace shows the names of functions, so they stay as they are. Comments do not: they are a third of the text.
    comments: { legal: true, annotation: false, jsdoc: false },
    sourcemap: true,
    sourcemapExcludeSources: true,
  });
  await build.close();
  const modules = [...new Set(output.flatMap((file) => (file.type === 'chunk' ? sourcesOf(file) : [])))];
  await writeLicences(modules);
  return modules;
}

/**
 * The file of each module that one of {@link ROOTS} loads: one for those that the same of them load. Chunks as they come are as many as there are sets of
 * files that load them, and each is looked up, read and linked.
 */
function loadedTogether(chunks: readonly OutputChunk[]): ReadonlyMap<string, string> {
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const loaders = new Map<string, string[]>();
  for (const [name, source] of Object.entries(ROOTS)) {
    const root = chunks.find(({ moduleIds }) => moduleIds.includes(sourceOf(source)));
    if (root === undefined) throw new Error(`${source} is in no chunk.`);
    const loaded = new Set([root]);
    for (const chunk of loaded) {
      for (const imported of chunk.imports) {
        const next = byName.get(imported);
        if (next !== undefined) loaded.add(next);
      }
    }
    for (const id of [...loaded].flatMap(({ moduleIds }) => moduleIds)) {
      loaders.set(id, [...(loaders.get(id) ?? []), name]);
    }
  }
  const groups = new Map(Array.from(loaders, ([id, names]) => [id, groupOf(names)]));
  // What an entry does when it is loaded is for its process alone.
  for (const entry of ENTRIES) groups.delete(sourceOf(`${entry}.ts`));
  return groups;
}

/**
 * What every process that serves requests loads is one file, although the check of a configuration loads a part of it only, because V8 makes constants of what stands in one file: see
 * {@link exportsByOtherNames}.
 */
function groupOf(loaders: readonly string[]): string {
  const serves = loaders.includes('run') && loaders.includes('worker') && !loaders.includes('program');
  return serves ? 'proxy' : loaders.join('-');
}

function sourceOf(path: string): string {
  return join(packageFolder, 'src', path);
}

/** What a bundled package imports itself is bundled, too. */
function isApart(id: string, importer: string | undefined): boolean {
  if (isBuiltin(id) || APART.test(id)) return true;
  const isOfOthers = importer?.includes('/node_modules/') === true;
  if (isOfOthers || /^[./]/.test(id) || BUNDLED.test(id)) return false;
  const [name = id] = /^(?:@[^/]+\/)?[^/]+/.exec(id) ?? [];
  const isInstalled = name in manifest.dependencies || name in manifest.peerDependencies;
  if (!isInstalled) throw new Error(`${id} is imported, and is no dependency of the package.`);
  return true;
}

/** Without what rolldown adds of its own. */
function sourcesOf({ moduleIds }: OutputChunk): string[] {
  return moduleIds.filter((id) => id.startsWith('/'));
}
