import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Programs of Debian that the benchmark uses, and the packages that bring them. */
const PACKAGES = { nginx: 'nginx', haproxy: 'haproxy', squid: 'squid', tinyproxy: 'tinyproxy', wrk: 'wrk' } as const;

export type ToolName = keyof typeof PACKAGES;

/** Paths of the installed programs. */
export type Tools = Readonly<Partial<Record<ToolName, string>>>;

/** Programs of servers are often outside of an ordinary user's search path. */
const MORE_DIRECTORIES = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** Debian asks this program whether an installation may start services. */
const POLICY = '/usr/sbin/policy-rc.d';

/** The path of `program`; undefined when it is nowhere. */
export function findProgram(program: string): string | undefined {
  const directories = [...(process.env['PATH'] ?? '').split(':'), ...MORE_DIRECTORIES];
  return directories.map((directory) => join(directory, program)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Finds the programs. Installs missing ones when that is allowed and possible, and reports those that stay missing.
 * @param say is called with a line for every step.
 */
export function prepareTools(names: readonly ToolName[], install: boolean, say: (line: string) => void): Tools {
  const missing = names.filter((name) => findProgram(name) === undefined);
  if (missing.length > 0) {
    const packages = missing.map((name) => PACKAGES[name]);
    if (!install) say(`missing, and not installed because of --no-install: ${packages.join(' ')}`);
    else if (findProgram('apt-get') === undefined) say(`missing, and there is no apt-get: ${packages.join(' ')}`);
    else if (process.getuid?.() !== 0) say(`missing; as root: apt-get install ${packages.join(' ')}`);
    else installPackages(packages, say);
  }
  const found: Partial<Record<ToolName, string>> = {};
  for (const name of names) {
    const path = findProgram(name);
    if (path !== undefined) found[name] = path;
  }
  return found;
}

/** Installs Debian packages without starting the services that they bring. */
function installPackages(packages: readonly string[], say: (line: string) => void): void {
  say(`installing ${packages.join(' ')}`);
  const ownPolicy = !existsSync(POLICY);
  if (ownPolicy) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const install = () => spawnSync('apt-get', ['install', '-y', '--no-install-recommends', ...packages], { env });
    if (install().status === 0) return;
    spawnSync('apt-get', ['update'], { env });
    const second = install();
    if (second.status !== 0) say(`apt-get install failed: ${String(second.stderr).trim().slice(-500)}`);
  } finally {
    if (ownPolicy) rmSync(POLICY, { force: true });
  }
}

/** The version of a program: the first match of `pattern` in the output of `command`. */
export function versionOf(command: string, args: readonly string[], pattern: RegExp): string {
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return pattern.exec(`${stdout}${stderr}`)?.[1] ?? 'unknown';
}

/** Throws an Error that names programs without which nothing can be measured. */
export function requireMachine(cores: number): void {
  if (process.platform !== 'linux')
    throw new Error('the benchmark needs Linux: it reads /proc and pins processes to cores');
  if (cores < 2) throw new Error('the benchmark needs two cores: one for the proxy, one for load and origins');
  if (findProgram('taskset') === undefined) throw new Error('the benchmark needs taskset (Debian: util-linux)');
}

/** Moves this process to a core. */
export function pinSelf(core: number): void {
  execFileSync('taskset', ['-a', '-c', '-p', String(core), String(process.pid)], { stdio: 'ignore' });
}
