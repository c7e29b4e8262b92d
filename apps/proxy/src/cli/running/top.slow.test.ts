import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { describeRequiring } from '../../../../../test/support/requires.ts';
import { jsonObject } from '../../../test-support/json.ts';
import { type Program, runProgram, startProgram } from '../../../test-support/program.ts';
import { echoServer, listenOn } from '../../../test-support/reload-load.ts';
import { PROGRAM_FILE } from '../../../test-support/program-file.ts';

// Programs are started, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });
const WAIT = { timeout: 40_000, interval: 100 };

let folder: string;
let file: string;
let program: Program;
let target: string;
const echo = echoServer();

/** A program with a tunnel that is open. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-top-'));
  file = join(folder, 'inband.yaml');
  await writeFile(
    file,
    `admin: { bind: "unix:${join(folder, 'admin.sock')}" }
listeners: [{ bind: "127.0.0.1:0", service: browser }]
services: { browser: { mode: forward, http: { connectPorts: any }, routes: [{ chainer: { type: inband } }] } }
`,
  );
  program = startProgram(['--config', file]);
  const [, { address }] = await program.during(
    Promise.all([program.logged('the admin server listens'), program.logged('listening')]),
  );
  target = `127.0.0.1:${await listenOn(echo.server)}`;
  const client = connect(Number(String(address).split(':').at(-1)), '127.0.0.1').on('error', () => undefined);
  client.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
  await once(client, 'data');
});
afterAll(async () => {
  program.kill('SIGKILL');
  echo.end();
  await rm(folder, { recursive: true });
});

test('without a terminal it prints what there is once, as a text or as JSON', async () => {
  const printed = await runProgram(['top', '--config', file]);
  expect(printed).toMatchObject({ status: 0, stderr: '' });
  expect(printed.stdout).toMatch(/^inband \d+\.\d+\.\d+, up /);
  expect(printed.stdout).toMatch(/^CLIENT +METHOD +TARGET .* TIME$/m);
  expect(printed.stdout).toMatch(new RegExp(`CONNECT +${target}`));
  // oxlint-disable-next-line no-control-regex -- there is none
  expect(printed.stdout).not.toMatch(/\u001b/);
  const { stdout } = await runProgram(['top', '--json', '--config', file]);
  const { stats, pools, sessions } = jsonObject(stdout);
  expect({ stats, pools, sessions }).toMatchObject({
    stats: { workers: [{ worker: '0' }] },
    pools: { pools: [] },
    sessions: { total: 1, sessions: [{ kind: 'tunnel', target }] },
  });
});

test('without an answer it says which admin server was asked', async () => {
  const other = join(folder, 'other.yaml');
  await writeFile(other, `admin: { bind: "unix:${join(folder, 'nobody.sock')}" }\n`);
  const { status, stderr } = await runProgram(['top', '--config', other]);
  expect(status).toBe(1);
  expect(stderr).toContain(`the admin server at unix:${join(folder, 'nobody.sock')} does not answer`);
});

describeRequiring({ commands: ['script', 'stty'], linux: true }, 'on a terminal', () => {
  interface Terminal {
    /** What the program shows, a line each, without colours. */
    shown(): string[];
    readonly all: () => string;
    press(key: string): void;
    resize(columns: number, rows: number): void;
    readonly child: ChildProcess;
    readonly ended: Promise<number | null>;
  }

  /** Starts the live view in a pseudo-terminal of that size. */
  function open(columns: number, rows: number, environment: Record<string, string> = {}): Terminal {
    const command = `stty rows ${rows} cols ${columns}; tty; exec "${process.execPath}" "${PROGRAM_FILE}" top --config "${file}"`;
    const env = { ...process.env, TERM: 'xterm', LANG: 'C.UTF-8', NO_COLOR: '', ...environment };
    const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], { env });
    onTestFinished(() => void child.kill('SIGKILL'));
    let output = '';
    child.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()));
    return {
      shown: () => {
        const frame = output.split('\u001b[H').at(-1)?.split('\u001b[J')[0] ?? '';
        // oxlint-disable-next-line no-control-regex -- colours, and what clears the rest of a line
        return frame.replaceAll(/\u001b\[[\dK;]*[mK]|\r/g, '').split('\n');
      },
      all: () => output,
      press: (key) => child.stdin.write(key),
      resize: (width, height) => {
        const [terminal = ''] = /\/dev\/pts\/\d+/.exec(output) ?? [];
        spawnSync('stty', ['-F', terminal, 'cols', String(width), 'rows', String(height)]);
      },
      child,
      ended: once(child, 'close').then(([status]) => status as number | null),
    };
  }

  test('it shows the sessions, follows keys and the size of the terminal, and leaves it as it was', async () => {
    const terminal = open(100, 24);
    await vi.waitFor(() => expect(terminal.shown().join('\n')).toContain(target), WAIT);
    expect(terminal.shown()).toHaveLength(24);
    expect(terminal.shown().at(-1)).toMatch(/^q quit /);
    expect(terminal.all()).toContain('\u001b[?1049h');
    terminal.press('b');
    await vi.waitFor(() => expect(terminal.shown()).toContain('1 going on, by bytes'), WAIT);
    terminal.press('r');
    await vi.waitFor(() => expect(terminal.shown()).toContain('1 going on, by bytes, reversed'), WAIT);
    terminal.press('p');
    await vi.waitFor(() => expect(terminal.shown().at(-1)).toContain('paused'), WAIT);
    terminal.resize(40, 16);
    await vi.waitFor(() => {
      expect(terminal.shown()).toHaveLength(16);
      expect(Math.max(...terminal.shown().map(({ length }) => length))).toBeLessThanOrEqual(40);
    }, WAIT);
    terminal.press('q');
    expect(await terminal.ended).toBe(0);
    expect(terminal.all().trimEnd().endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
  });

  test.each([
    ['Ctrl-C', '\u0003'],
    ['escape', '\u001b'],
  ])('%s leaves it, too, and NO_COLOR has no colours', async (_, key) => {
    const terminal = open(80, 24, { NO_COLOR: '1' });
    await vi.waitFor(() => expect(terminal.shown().join('\n')).toContain('TARGET'), WAIT);
    // oxlint-disable-next-line no-control-regex -- colours
    expect(terminal.all()).not.toMatch(/\u001b\[\d+m/);
    terminal.press(key);
    expect(await terminal.ended).toBe(0);
  });

  test('a signal leaves the terminal as it was', async () => {
    const terminal = open(80, 24);
    await vi.waitFor(() => expect(terminal.shown().join('\n')).toContain('TARGET'), WAIT);
    const { stdout } = spawnSync('pgrep', ['--parent', String(terminal.child.pid)], { encoding: 'utf8' });
    process.kill(Number(stdout.trim()), 'SIGTERM');
    await terminal.ended;
    expect(terminal.all().trimEnd().endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
  });
});
