import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ProgramEnd, runProgram, startProgram } from '../../test-support/program.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-sources-'));
  await mkdir(join(folder, 'conf'));
  await writeFile(join(folder, 'conf/10-listeners.yaml'), LISTENERS);
  await writeFile(join(folder, 'conf/20-services.json'), JSON.stringify(SERVICES));
  await writeFile(join(folder, 'main.yaml'), 'include: conf\nworkers: ${WORKERS:1}\n');
});

afterAll(() => rm(folder, { recursive: true }));

const LISTENERS = 'listeners:\n  - bind: "${HOST:127.0.0.1}:${LISTEN_PORT}"\n    service: web\n';
const SERVICES = { services: { web: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] } } };
const whole = `${LISTENERS}services: ${JSON.stringify(SERVICES.services)}\n`;

function run(argv: readonly string[], env: Record<string, string>, input?: string): Promise<ProgramEnd> {
  return startProgram(argv, folder, env, input).ended;
}

test.each(['main.yaml', 'conf', './conf/'])('check and explain read %s with what it includes', async (config) => {
  expect(await run(['check', '--config', config], { LISTEN_PORT: '3128' })).toEqual({
    status: 0,
    stdout: `${config}: ok\n`,
    stderr: '',
  });
  const explained = await run(['explain', '--config', config, 'http://127.0.0.1:9/'], { LISTEN_PORT: '3128' });
  expect(explained).toMatchObject({ status: 0, stdout: expect.stringContaining('services.web.routes[0]') });
});

test('a variable that is not set is told with the included file and its place', async () => {
  const { status, stderr } = await runProgram(['check', '-c', 'main.yaml'], folder);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^conf\/10-listeners\.yaml:2:11: the environment variable "LISTEN_PORT" is not set/);
});

describe('--config -', () => {
  test('reads YAML and JSON from standard input', async () => {
    const ok = { status: 0, stdout: '-: ok\n', stderr: '' };
    expect(await run(['check', '--config', '-'], { LISTEN_PORT: '0' }, whole)).toEqual(ok);
    const json = JSON.stringify({ listeners: [{ bind: '127.0.0.1:0', service: 'web' }], ...SERVICES }, undefined, '\t');
    expect(await run(['check', '--config=-'], {}, json)).toEqual(ok);
  });

  test('says that there was nothing', async () => {
    expect(await run(['check', '-c', '-'], {}, '')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^-(:\d+:\d+)?: expected a configuration with "listeners" and "services", found/),
    });
  });

  test.each(['1', '2'])('runs with %s workers, which do not read it again', async (workers) => {
    const program = startProgram(['--config', '-'], folder, { LISTEN_PORT: '0' }, `workers: ${workers}\n${whole}`);
    expect(await program.logged('listening')).toMatchObject({ service: 'web' });
    program.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ status: 0 });
  });
});

test('workers read the included files as the supervisor has read them', async () => {
  const program = startProgram(['--config', 'main.yaml'], folder, { LISTEN_PORT: '0', WORKERS: '2' });
  expect(await program.logged('listening')).toMatchObject({ service: 'web', workers: 2 });
  program.kill('SIGTERM');
  expect(await program.ended).toMatchObject({ status: 0 });
});

describe('check --json', () => {
  test('tells problems with their places, and exits with 1', async () => {
    const { status, stdout, stderr } = await run(['check', '--json', '-c', '-'], {}, 'servces: {}\nworkers: x\n');
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      ok: false,
      problems: expect.arrayContaining([
        {
          severity: 'error',
          file: '-',
          line: 1,
          column: 1,
          path: 'servces',
          message: 'unknown key "servces"; did you mean "services"?',
        },
        expect.objectContaining({ line: 2, column: 10, path: 'workers' }),
      ]),
    });
  });

  test('tells also what has no place, and syntax errors', async () => {
    const missing = await run(['check', '--json', '-c', 'not-there.yaml'], {});
    expect(JSON.parse(missing.stdout)).toEqual({
      ok: false,
      problems: [{ severity: 'error', file: 'not-there.yaml', message: expect.stringContaining('cannot be read') }],
    });
    const broken = await run(['check', '--json', '-c', '-'], {}, 'a: b: c\n');
    expect(JSON.parse(broken.stdout)).toMatchObject({ problems: [{ file: '-', line: 1, column: 4 }] });
  });

  test('tells warnings, and exits with 0', async () => {
    const unused = whole.replace(
      '"web":',
      '"unused": {"mode":"reverse","routes":[{"chainer":{"type":"directed","remote":"192.0.2.1:80"}}]}, "web":',
    );
    const { status, stdout } = await run(['check', '--json', '-c', '-'], { LISTEN_PORT: '0' }, unused);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      ok: true,
      problems: [expect.objectContaining({ severity: 'warning', path: 'services.unused', line: 4 })],
    });
  });
});
