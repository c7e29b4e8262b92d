import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { join, resolve } from 'node:path';
import { createInstrumenter } from 'istanbul-lib-instrument';
import { type Plugin, rolldown } from 'rolldown';
import { COUNTERS } from './coverage.ts';

const root = resolve(import.meta.dirname, '../../..');
/** The sources that are counted: those of the packages, and not their tests. */
const COUNTED = /\/packages\/[^/]+\/src\/(?!.*\.test\.ts$).*\.ts$/;
/** Beside koffi, which is imported from there. */
const PLACE = join(root, 'packages/tls/node_modules/.cache');

const instrumenter = createInstrumenter({
  esModules: true,
  compact: false,
  preserveComments: false,
  coverageVariable: COUNTERS,
});

/** Has each source of the packages count which of its branches run. */
const counted: Plugin = {
  name: 'counted',
  transform: (code, id) => {
    if (!COUNTED.test(id)) return null;
    return { code: instrumenter.instrumentSync(stripTypeScriptTypes(code), id), moduleType: 'js' };
  },
};

/** Sources import packages of this workspace by name, which stands for their sources here. */
const workspacePackages: Plugin = {
  name: 'workspace-packages',
  resolveId: (id) => {
    const name = /^@inband\/(.*)$/.exec(id)?.[1];
    return name === undefined ? undefined : join(root, 'packages', name, 'src/index.ts');
  },
};

/** Makes one file of all targets and what they run, instrumented. Whoever asks for it calls `remove`. */
export async function bundleTargets(): Promise<{ readonly file: string; remove(): Promise<void> }> {
  await mkdir(PLACE, { recursive: true });
  const folder = await mkdtemp(join(PLACE, 'fuzz-'));
  const build = await rolldown({
    input: join(import.meta.dirname, 'worker.ts'),
    platform: 'node',
    external: ['koffi'],
    plugins: [workspacePackages, counted],
    logLevel: 'silent',
  });
  await build.write({ dir: folder, format: 'esm', entryFileNames: 'worker.js', chunkFileNames: '[name].js' });
  await build.close();
  return { file: join(folder, 'worker.js'), remove: () => rm(folder, { recursive: true }) };
}
