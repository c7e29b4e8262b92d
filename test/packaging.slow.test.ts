import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeRequiring } from './support/requires.ts';

const root = resolve(import.meta.dirname, '..');
const run = promisify(execFile);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-packaging-'));
});

afterAll(() => rm(folder, { recursive: true }));

/** Writes the completions for a shell, and returns the path. */
async function completionsFor(shell: string): Promise<string> {
  const { stdout } = await run(process.execPath, [join(root, 'apps/proxy/build/start.mjs'), 'completions', shell]);
  const file = join(folder, `completions.${shell}`);
  await writeFile(file, stdout);
  return file;
}

describeRequiring({ commands: ['mandoc'] }, 'the manual page', () => {
  test('gives mandoc nothing to warn of', async () => {
    const page = join(root, 'apps/proxy/man/inband.1');
    const { stdout } = await run('mandoc', ['-T', 'lint', '-W', 'warning,stop', page]);
    expect(stdout).toBe('');
  });

  test('shows each command in the synopsis', async () => {
    const { stdout } = await run('mandoc', ['-T', 'utf8', '-O', 'width=100', join(root, 'apps/proxy/man/inband.1')]);
    // Bold and underlined letters are written twice, with a backspace between.
    const text = stdout.split('\b').reduce((shown, next) => shown.slice(0, -1) + next);
    expect(text).toMatch(/inband check \[--config FILE\] \[--plan \| --json\]/);
    expect(text).toMatch(/inband reverse BIND SERVER \.\.\. \[--parent URL\] \[--allow CLIENTS \.\.\.\]/);
  });
});

describeRequiring({ commands: ['bash', 'shellcheck'] }, 'completions for bash', () => {
  test('give shellcheck nothing to say', async () => {
    const { stdout } = await run('shellcheck', ['--shell=bash', await completionsFor('bash')]);
    expect(stdout).toBe('');
  });
});

describeRequiring({ commands: ['zsh'] }, 'completions for zsh', () => {
  test('are taken for the program', async () => {
    const commands = `autoload -U compinit; compinit -D; source ${await completionsFor('zsh')}; print $_comps[inband]`;
    expect(await run('zsh', ['-fc', commands])).toEqual({ stdout: '_inband\n', stderr: '' });
  });
});

describeRequiring({ commands: ['fish'] }, 'completions for fish', () => {
  test.each([
    ['inband ex', /^explain\t/],
    ['inband completions z', /^zsh/],
    ['inband check --pl', /^--plan\t/],
  ])('know what may follow %j', async (line, expected) => {
    const commands = `source ${await completionsFor('fish')}; complete -C '${line}'`;
    expect((await run('fish', ['--no-config', '-c', commands])).stdout).toMatch(expected);
  });
});

describeRequiring({ commands: ['systemd-analyze'] }, 'the unit for systemd', () => {
  let unit: string;

  beforeAll(async () => {
    const text = await readFile(join(root, 'packaging/inband.service'), 'utf8');
    unit = join(folder, 'inband.service');
    // The program need not be installed on the machine of the test.
    await writeFile(unit, text.replaceAll('/usr/local/bin/inband', process.execPath));
    await copyFile(join(root, 'packaging/inband.socket'), join(folder, 'inband.socket'));
  });

  test('is understood, every line of it', async () => {
    expect(await run('systemd-analyze', ['verify', '--man=no', unit, join(folder, 'inband.socket')])).toEqual({
      stdout: '',
      stderr: '',
    });
  });

  test('is a sandbox: its exposure is 2 of 10 at most', async () => {
    // Its status says whether the exposure is within the threshold, in tenths.
    const analysis = run('systemd-analyze', ['security', '--offline=true', '--threshold=20', unit]);
    await expect(analysis).resolves.toMatchObject({ stdout: expect.stringContaining('Overall exposure level') });
  });
});
