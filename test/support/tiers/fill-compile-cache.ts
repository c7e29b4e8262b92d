/** Imports all sources of the program, so that Node.js writes what it compiles into `NODE_COMPILE_CACHE`. */
import { globSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { resolve } from 'node:path';

/** Do something when they are imported. */
const SCRIPT = /(?:^|[-/])(?:main|generate-[\w-]+)\.ts$/;

const root = resolve(import.meta.dirname, '../../..');
const sources = globSync('{packages,apps}/*/src/**/!(*.test).ts', { cwd: root });
for (const source of sources.filter((name) => !SCRIPT.test(name))) await import(resolve(root, source));
flushCompileCache();
