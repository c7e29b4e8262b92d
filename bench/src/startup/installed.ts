import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packageFolder = fileURLToPath(new URL('../../../apps/proxy/', import.meta.url));

/** The package `inband` as it is installed: built, and without the sources that a checkout would run. */
export class Installed {
  /** For files of the benchmark, too. */
  readonly folder = mkdtempSync(join(tmpdir(), 'inband-startup-'));
  readonly program = join(this.folder, 'bin/inband.mjs');

  constructor() {
    execFileSync(process.execPath, [join(packageFolder, 'build/main.ts')]);
    for (const part of ['bin', 'dist', 'package.json']) {
      cpSync(join(packageFolder, part), join(this.folder, part), { recursive: true });
    }
    symlinkSync(join(packageFolder, 'node_modules'), join(this.folder, 'node_modules'));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
