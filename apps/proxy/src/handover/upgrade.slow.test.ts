import { FIRST_MOMENT } from '@inband/core';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { selfSigned } from '../../../../packages/tls/test-support/certificates.ts';
import { KeptClient } from '../../test-support/kept-clients.ts';
import { type Program, runProgram, startProgram } from '../../test-support/program.ts';
import { echoServer, listenOn, load, loadOrigin } from '../../test-support/reload-load.ts';

// The long form: INBAND_UPGRADES=20 INBAND_UPGRADE_WORKERS=1,4 pnpm vitest run apps/proxy/src/handover/upgrade.slow.test.ts
const UPGRADES = Number(process.env['INBAND_UPGRADES'] ?? 2);
const WORKERS = (process.env['INBAND_UPGRADE_WORKERS'] ?? '1,2').split(',').map(Number);
const LONG = 120_000;

let folder: string;
const successors = new Set<number>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-upgrade-'));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => {
  for (const pid of successors) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
  successors.clear();
});

const isRunning = (pid: number): boolean => existsSync(`/proc/${pid}`);

/** Has the process `pid` replaced. Resolves with the one that has replaced it. */
async function upgrade(program: Program, pid: number, byCommand = false): Promise<number> {
  if (byCommand) {
    const stdout = `Process ${pid} was asked to upgrade; its log says what comes of it.\n`;
    expect(await runProgram(['upgrade', String(pid)])).toEqual({ status: 0, stdout, stderr: '' });
  } else process.kill(pid, 'SIGUSR2');
  const { successor } = await program.during(program.logged('the successor accepts clients'));
  successors.add(Number(successor));
  return Number(successor);
}

/** A client whose connection is kept: not one that the process of before has accepted at its end. */
async function keptClient(port: number): Promise<KeptClient> {
  const client = new KeptClient(port);
  while (/^connection: close/im.test(await client.ask())) await pause(20);
  return client;
}

/** Asks once more on a connection that was idle for longer than a process waits for the first request of a client. */
async function asksLater(client: KeptClient): Promise<string> {
  await pause(FIRST_MOMENT + 500);
  const idle = client.idleFor;
  const answer = await client.ask();
  expect(idle).toBeGreaterThan(FIRST_MOMENT);
  return answer;
}

async function pidOf(program: Program): Promise<number> {
  const [pid = 0] = await program.processes();
  return pid;
}

const config = (workers: number, origin: number, more = ''): string => `
workers: ${workers}
log: { access: false }
shutdown: { grace: 30s, tunnels: 10m }
listeners:
  - { bind: "127.0.0.1:0", service: web }
  - { bind: "127.0.0.1:0", service: browser }
services:
  web: { mode: reverse, routes: [{ chainer: { type: directed, remote: "127.0.0.1:${origin}" } }] }
  browser: { mode: forward, http: { connectPorts: any }, routes: [{ chainer: { type: inband } }] }
${more}`;

async function portsOf(program: Program, count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const { address } = await program.during(program.logged('listening'));
    ports.push(Number(String(address).split(':').at(-1)));
  }
  return ports;
}

/** A handshake with TLS 1.2, whose ticket is within it. */
function handshake(
  port: number,
  session?: Buffer,
): Promise<{ readonly session: Buffer | undefined; readonly resumed: boolean }> {
  return new Promise((resolve, reject) => {
    const how = { servername: 'a.example', rejectUnauthorized: false, maxVersion: 'TLSv1.2' } as const;
    const socket = connectTls({ host: '127.0.0.1', port, ...how, ...(session && { session }) }, () => {
      resolve({ session: socket.getSession(), resumed: socket.isSessionReused() });
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

describe.runIf(process.platform === 'linux')('an upgrade', () => {
  test.each([1, 2])(
    'keeps the sessions of TLS: %d worker(s)',
    async (workers) => {
      const { chain, key } = selfSigned({ names: ['a.example'] });
      await writeFile(join(folder, 'a.pem'), chain + key, { mode: 0o600 });
      const file = join(folder, `tls-${workers}.yaml`);
      const listener = '{ bind: "127.0.0.1:0", service: web, tls: { certificates: [{ cert: a.pem }] } }';
      const services = 'services: { web: { mode: forward, routes: [{ chainer: { type: inband } }] } }';
      await writeFile(file, `workers: ${workers}\nlisteners: [${listener}]\n${services}\n`);
      const program = startProgram(['--config', file]);
      const [port = 0] = await portsOf(program, 1);
      const { session } = await handshake(port);
      const successor = await upgrade(program, await pidOf(program));
      await portsOf(program, 1);
      for (let count = 0; count < 8; count += 1) expect((await handshake(port, session)).resumed).toBe(true);
      process.kill(successor, 'SIGTERM');
      expect(await program.ended).toMatchObject({ status: 0 });
    },
    LONG,
  );

  test.each(WORKERS)(
    'refuses, cuts and loses nothing under load, again and again: %d worker(s)',
    async (workers) => {
      const [origin, echo] = [loadOrigin(), echoServer()];
      const [originPort, echoPort] = [await listenOn(origin.server), await listenOn(echo.server)];
      const file = join(folder, `${workers}.yaml`);
      await writeFile(file, config(workers, originPort));
      const program = startProgram(['--config', file]);
      const [web = 0, browser = 0] = await portsOf(program, 2);
      const keptBy: Promise<string>[] = [];
      let isOver = false;
      const loaded = load({ web, chat: web, browser, echo: echoPort }, () => isOver);
      loaded.catch(() => undefined);
      onTestFinished(() => void (isOver = true));
      let pid = await pidOf(program);
      for (let count = 0; count < UPGRADES; count += 1) {
        const kept = await keptClient(web);
        await pause(300);
        pid = await upgrade(program, pid);
        keptBy.push(asksLater(kept));
        // The same ports, though the configuration leaves their choice to the system.
        expect(await portsOf(program, 2)).toEqual([web, browser]);
      }
      for (const answer of await Promise.all(keptBy)) expect(answer).toMatch(/^connection: close/im);
      isOver = true;
      const tally = await loaded;
      process.stdout.write(`${workers} worker(s), ${UPGRADES} upgrades: ${JSON.stringify(tally)}\n`);
      expect(tally).toMatchObject({ failed: [], refused: 0, cut: 0 });
      expect(Math.min(tally.requests, tally.slowBodies, tally.pings)).toBeGreaterThan(9);
      process.kill(pid, 'SIGTERM');
      const ended = await program.ended;
      expect(ended).toMatchObject({ status: 0, stderr: '' });
      expect(ended.stdout).not.toMatch(/defect|"level":"error"/);
      origin.end();
      echo.end();
    },
    LONG,
  );

  test(
    'that fails leaves the running program as it is, and the log says why',
    async () => {
      const file = join(folder, 'bad.yaml');
      await writeFile(file, config(1, 9));
      const program = startProgram(['--config', file]);
      const [web = 0] = await portsOf(program, 2);
      await writeFile(file, config(1, 9, 'nonsense: true\n'));
      program.kill('SIGUSR2');
      const failed = await program.during(program.logged('the upgrade failed; this program goes on'));
      expect(failed.detail).toMatch(/bad\.yaml:\d+:1: nonsense: unknown key[^\n]+$/);
      expect(failed.detail).not.toMatch(/^inband: /);
      const answer = await new Promise<number>((resolve, reject) => {
        get({ host: '127.0.0.1', port: web, agent: false }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        }).on('error', reject);
      });
      expect(answer).toBe(502);
      program.kill('SIGTERM');
      const ended = await program.ended;
      expect(ended.status).toBe(0);
    },
    LONG,
  );

  test(
    'of which the new process is killed leaves the running program as it is',
    async () => {
      const file = join(folder, 'killed.mjs');
      await writeFile(
        file,
        `if (process.env.INBAND_SOCKETS !== undefined) process.kill(process.pid, 'SIGKILL');
         export default {
           listeners: [{ bind: '127.0.0.1:0', service: 'browser' }],
           services: { browser: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] } },
         };`,
      );
      const program = startProgram(['--config', file]);
      await portsOf(program, 1);
      for (let count = 0; count < 2; count += 1) {
        program.kill('SIGUSR2');
        const failed = await program.during(program.logged('the upgrade failed; this program goes on'));
        expect(failed.detail).toBe('the successor ended with SIGKILL before it accepted');
      }
      program.kill('SIGTERM');
      expect((await program.ended).status).toBe(0);
    },
    LONG,
  );

  test(
    'keeps the file of a Unix socket, and the last process removes it',
    async () => {
      const path = join(folder, 'web.sock');
      const file = join(folder, 'unix.yaml');
      await writeFile(
        file,
        `listeners: [{ bind: "unix:${path}", service: web, mode: "0600" }]
services: { web: { mode: reverse, routes: [{ chainer: { type: directed, remote: "127.0.0.1:9" } }] } }
`,
      );
      const program = startProgram(['--config', file]);
      await program.during(program.logged('listening'));
      const successor = await upgrade(program, await pidOf(program));
      await program.during(program.logged('stopped'));
      const socket = connect(path);
      socket.end('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      let text = '';
      for await (const bytes of socket) text += String(bytes);
      expect(text).toMatch(/^HTTP\/1.1 502 /);
      process.kill(successor, 'SIGTERM');
      expect((await program.ended).stderr).toBe('');
      expect(existsSync(path)).toBe(false);
    },
    LONG,
  );

  test('is not asked of another program, or of nobody', async () => {
    const other = await runProgram(['upgrade', '1']);
    expect(other.status).toBe(1);
    expect(other.stderr).toMatch(/^inband: process 1 is (another program: |another user's)/);
    expect((await runProgram(['upgrade', '4194304'])).stderr).toMatch(/^inband: there is no process 4194304\./);
    expect((await runProgram(['reload', 'x'])).stderr).toMatch(/^inband: reload takes the process id/);
  });

  test('is not asked of a program that only has the name among its arguments', async () => {
    const reader = spawn('tail', ['-f', '/dev/null', '--pid', String(process.pid), join(folder, 'inband.log')], {
      stdio: 'ignore',
    });
    onTestFinished(() => void reader.kill('SIGKILL'));
    const { pid = 0 } = reader;
    await vi.waitFor(() => expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toContain('inband.log'), {
      timeout: 20_000,
    });
    for (const [command, signal] of [
      ['upgrade', 'SIGUSR2'],
      ['reload', 'SIGHUP'],
    ] as const) {
      const { status, stderr } = await runProgram([command, String(pid)]);
      expect(stderr).toContain(`process ${pid} would be ended by ${signal}, so it is another program`);
      expect(status).toBe(1);
    }
    expect(isRunning(pid)).toBe(true);
    expect(reader.signalCode).toBe(null);
  });

  test(
    'takes another number of workers',
    async () => {
      const file = join(folder, 'more.yaml');
      await writeFile(file, config(1, 9));
      const program = startProgram(['--config', file]);
      const ports = await portsOf(program, 2);
      let pid = await pidOf(program);
      for (const workers of [2, 1]) {
        await writeFile(file, config(workers, 9));
        pid = await upgrade(program, pid, true);
        expect(await portsOf(program, 2)).toEqual(ports);
        await program.during(program.logged('stopped'));
        for (let count = 0; count < 8; count += 1) {
          const socket = connect(ports[0] ?? 0, '127.0.0.1');
          socket.end('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
          let text = '';
          for await (const bytes of socket) text += String(bytes);
          expect(text).toMatch(/^HTTP\/1.1 502 /);
        }
      }
      process.kill(pid, 'SIGTERM');
      expect((await program.ended).stderr).toBe('');
    },
    LONG,
  );
});
