import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jsonObject } from '../../test-support/json.ts';
import { openClient } from '../../test-support/keep-alive.ts';
import { PROGRAM_FILE } from '../../test-support/program-file.ts';

const TOLD = 'a signal was received that changes nothing';
const IDLE = ['SIGUSR1'] as const;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-signals-'));
});
afterAll(() => rm(folder, { recursive: true }));

const config = (workers: number): string => `
workers: ${workers}
listeners: [{ bind: "127.0.0.1:0", service: browser }]
services: { browser: { mode: forward, routes: [{ chainer: { type: inband } }] } }
`;

interface Line {
  readonly msg?: unknown;
  readonly pid?: unknown;
  readonly signal?: unknown;
  readonly address?: unknown;
  readonly successor?: unknown;
}

/** The program in a process group of its own, as a terminal and a service manager have it. */
function start(file: string) {
  const child = spawn(process.execPath, [PROGRAM_FILE, '--config', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const lines: Line[] = [];
  let stderr = '';
  let look: () => void = () => undefined;
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(jsonObject(line));
    look();
  });
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const ended = once(child, 'close').then(([status, signal]) => ({ status, signal, stderr }) as const);
  const until = async (enough: () => boolean): Promise<void> => {
    while (!enough()) {
      const news = new Promise<void>((resolve) => (look = resolve));
      await Promise.race([news, ended.then((end) => Promise.reject(new Error(`It ended: ${JSON.stringify(end)}`)))]);
    }
  };
  const listening = async (): Promise<number> => {
    await until(() => lines.some(({ msg }) => msg === 'listening'));
    return Number(
      String(lines.find(({ msg }) => msg === 'listening')?.address)
        .split(':')
        .at(-1),
    );
  };
  return { pid: child.pid ?? 0, stdout: child.stdout, lines, until, listening, ended };
}

const told = (lines: readonly Line[], signal: string): Line[] =>
  lines.filter((line) => line.msg === TOLD && line.signal === signal);

/** Whether somebody accepts where Node's debugger would. */
function debuggerListens(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(9229, '127.0.0.1');
    socket.once('connect', () => resolve((socket.destroy(), true)));
    socket.once('error', () => resolve(false));
  });
}

describe.each([1, 2])('%d worker(s)', (workers) => {
  test('tell of USR1 to the whole group, each process once, and go on', async () => {
    const file = join(folder, `idle-${workers}.yaml`);
    await writeFile(file, config(workers));
    const running = start(file);
    const port = await running.listening();
    const client = await openClient(port);
    const processes = workers === 1 ? 1 : workers + 1;
    for (const signal of IDLE) {
      process.kill(-running.pid, signal);
      await running.until(() => told(running.lines, signal).length >= processes);
      const pids = new Set(told(running.lines, signal).map(({ pid }) => pid));
      expect(pids.size).toBe(processes);
    }
    expect(await debuggerListens()).toBe(false);
    // An answer of its own on a connection that was open all along.
    expect(await client.get(`http://127.0.0.1:${port}/`, '}\n').catch(String)).toContain('508');
    client.destroy();
    process.kill(running.pid, 'SIGTERM');
    expect(await running.ended).toEqual({ status: 0, signal: null, stderr: '' });
    for (const signal of IDLE) expect(told(running.lines, signal)).toHaveLength(processes);
  });

  test.each(['the supervisor', 'the group'])('reload once on HUP, sent to %s', async (whom) => {
    const file = join(folder, `hup-${workers}.yaml`);
    await writeFile(file, config(workers));
    const running = start(file);
    await running.listening();
    const about = (message: string) => running.lines.filter(({ msg }) => msg === message);
    const hup = (): void => void process.kill(whom === 'the group' ? -running.pid : running.pid, 'SIGHUP');
    await writeFile(file, `${config(workers)}shutdown: { grace: 20s }\n`);
    hup();
    await running.until(() => about('reloaded').length > 0);
    expect(about('reloading')).toMatchObject([{ signal: 'SIGHUP', pid: running.pid }]);
    expect(about('reloaded')).toMatchObject([{ pid: running.pid, generation: 2, changed: ['setting shutdown'] }]);
    await writeFile(file, 'listeners: nonsense\n');
    hup();
    await running.until(() => about('the reload was refused; nothing has changed').length > 0);
    const [refusal] = about('the reload was refused; nothing has changed');
    expect(refusal).toMatchObject({ level: 'error', detail: expect.stringContaining(`${file}:1:12: listeners: `) });
    process.kill(running.pid, 'SIGTERM');
    expect(await running.ended).toEqual({ status: 0, signal: null, stderr: '' });
    expect(running.lines.find(({ msg }) => msg === 'stopping')).toMatchObject({ grace: 20_000 });
  });

  test.each(['the supervisor', 'the group'])('drain on QUIT as on TERM, sent to %s', async (whom) => {
    const file = join(folder, `quit-${workers}.yaml`);
    await writeFile(file, config(workers));
    const running = start(file);
    await running.listening();
    process.kill(whom === 'the group' ? -running.pid : running.pid, 'SIGQUIT');
    expect(await running.ended).toEqual({ status: 0, signal: null, stderr: '' });
    expect(running.lines.find(({ msg }) => msg === 'stopping')).toMatchObject({ signal: 'SIGQUIT' });
    expect(running.lines.at(-1)).toMatchObject({ msg: 'stopped' });
  });

  test('outlive all of them while the configuration is loaded, tell of them later, and then quit', async () => {
    const file = join(folder, `slow-${workers}.mjs`);
    // It says on standard output that it is being loaded, and goes on when a signal has come.
    await writeFile(
      file,
      `if (process.send === undefined) {
         const go = new Promise((resolve) => process.once('SIGWINCH', resolve));
         const alive = setInterval(() => undefined, 1000);
         console.log(JSON.stringify({ msg: 'loading', pid: process.pid }));
         await go;
         clearInterval(alive);
       }
       export default {
         workers: ${workers},
         listeners: [{ bind: '127.0.0.1:0', service: 'browser' }],
         services: { browser: { mode: 'forward' , routes: [{ chainer: { type: 'inband' } }] } },
       };`,
    );
    const running = start(file);
    await running.until(() => running.lines.some(({ msg }) => msg === 'loading'));
    for (const signal of ['SIGHUP', 'SIGUSR2', ...IDLE, 'SIGQUIT'] as const) process.kill(running.pid, signal);
    process.kill(running.pid, 'SIGWINCH');
    expect(await running.ended).toMatchObject({ status: 0, signal: null });
    for (const signal of IDLE) expect(told(running.lines, signal)).toMatchObject([{ pid: running.pid }]);
    expect(running.lines.find(({ msg }) => msg === 'stopping')).toMatchObject({ signal: 'SIGQUIT' });
    expect(running.lines.find(({ msg }) => msg === 'upgrading')).toMatchObject({ signal: 'SIGUSR2' });
    expect(await debuggerListens()).toBe(false);
  });

  test('upgrade once on USR2, sent to the group', async () => {
    const file = join(folder, `upgrade-${workers}.yaml`);
    await writeFile(file, config(workers));
    const running = start(file);
    await running.listening();
    process.kill(-running.pid, 'SIGUSR2');
    const about = (message: string) => running.lines.filter(({ msg }) => msg === message);
    await running.until(() => about('the successor accepts clients').length > 0 && about('stopped').length > 0);
    expect(about('upgrading')).toMatchObject([{ signal: 'SIGUSR2', pid: running.pid }]);
    const [{ successor } = {}] = about('the successor accepts clients');
    expect(await debuggerListens()).toBe(false);
    process.kill(Number(successor), 'SIGTERM');
    expect(await running.ended).toEqual({ status: 0, signal: null, stderr: '' });
    expect(about('stopped')).toHaveLength(2);
  });
});

test.each([1, 2])('a start that waits ends on a signal: %d worker(s)', async (workers) => {
  await writeFile(
    join(folder, 'silent.mjs'),
    `import { definePlugin, z } from 'inband';
     export default definePlugin({
       provides: 'resolver', kind: 'silent', schema: z.strictObject({}),
       create: () => ({ resolve: () => (console.log('{"msg":"asked"}'), new Promise(() => {})) }),
     });`,
  );
  const file = join(folder, `silent-${workers}.yaml`);
  const more = 'plugins: [./silent.mjs]\nresolver: { type: silent }\nzones: { partners: { hosts: [api.example] } }\n';
  await writeFile(file, config(workers) + more);
  const running = start(file);
  await running.until(() => running.lines.some(({ msg }) => msg === 'asked'));
  process.kill(running.pid, 'SIGTERM');
  expect(await running.ended).toEqual({ status: 0, signal: null, stderr: '' });
  expect(running.lines.map(({ msg }) => msg)).toEqual(['asked', 'stopping', 'stopped']);
});

test('a debugger that was asked for by an option stays', async () => {
  const script = `
    import ${JSON.stringify(new URL('../../bin/early-signals.mjs', import.meta.url).href)};
    import { url } from 'node:inspector';
    console.log(url() !== undefined);
  `;
  const run = (...options: string[]) => {
    const child = spawn(process.execPath, [...options, '--input-type=module', '-e', script]);
    return once(child.stdout.setEncoding('utf8'), 'data').then(([text]) => String(text));
  };
  expect(await run('--inspect=127.0.0.1:0')).toBe('true\n');
  expect(await run()).toBe('false\n');
});
