import { existsSync } from 'node:fs';

/** Runs a module of the program. In the workspace the sources run as they are; a package has only what was built of them. */
export function start(module) {
  const source = new URL(`../src/${module}.ts`, import.meta.url);
  void import(existsSync(source) ? source : new URL(`../dist/${module}.js`, import.meta.url));
}
