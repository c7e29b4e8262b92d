import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, test } from 'vitest';

/** The requirements of a group of tests on the machine. */
export interface Requirements {
  /** Programs that must be found on the path. */
  readonly commands?: readonly string[];
  /** Modules that the Python of the system must have. */
  readonly pythonModules?: readonly string[];
  /** The tests must run as root. */
  readonly root?: boolean;
  /** The tests need Linux. */
  readonly linux?: boolean;
  /** The tests make network namespaces (`unshare -n`). */
  readonly networkNamespaces?: boolean;
}

/**
 * A group of tests that need more than Node.js. Where a requirement is missing they are skipped, and the name of the group says which.
 * With `INBAND_REQUIRE_ALL` they fail instead, so that a machine for all tests runs all of them.
 */
export function describeRequiring(requirements: Requirements, name: string, tests: () => void): void {
  const missing = missingOf(requirements);
  if (missing.length === 0) return void describe(name, tests);
  const lacking = `missing: ${missing.join(', ')}`;
  if ((process.env.INBAND_REQUIRE_ALL ?? '') === '') return void describe.skip(`${name} (${lacking})`, tests);
  test(name, () => {
    throw new Error(`INBAND_REQUIRE_ALL is set, and something is ${lacking}.`);
  });
}

/** Of the system, because its packages install modules there. */
export const PYTHON = '/usr/bin/python3';

function missingOf({
  commands = [],
  pythonModules = [],
  root = false,
  linux = false,
  networkNamespaces = false,
}: Requirements): string[] {
  const missing = commands.filter((command) => findCommand(command) === undefined);
  missing.push(...pythonModules.filter((name) => spawnSync(PYTHON, ['-c', `import ${name}`]).status !== 0));
  if (linux && process.platform !== 'linux') missing.push('Linux');
  if (root && process.getuid?.() !== 0) missing.push('root');
  // Root in a container may lack the capability.
  if (networkNamespaces && spawnSync('unshare', ['-n', 'true']).status !== 0) missing.push('network namespaces');
  return missing;
}

/** The path of a program, or undefined when there is none. */
export function findCommand(command: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  // Programs of servers are often outside of an ordinary user's search path.
  return [...folders, '/usr/sbin', '/usr/local/sbin'].map((folder) => join(folder, command)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
