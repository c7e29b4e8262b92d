import { resolve } from 'node:path';

export const packageFolder = resolve(import.meta.dirname, '..');
export const builtFolder = resolve(packageFolder, 'dist');
/** The other packages of the workspace. */
export const packagesFolder = resolve(packageFolder, '../../packages');
