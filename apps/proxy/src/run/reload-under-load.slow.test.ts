import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProgram } from '../../test-support/program.ts';
import { echoServer, listenOn, load, loadOrigin } from '../../test-support/reload-load.ts';

// The long form, a reload every second for a minute:
// INBAND_RELOAD_SECONDS=60 INBAND_RELOAD_EVERY=1000 INBAND_RELOAD_WORKERS=1,4 pnpm vitest run apps/proxy/src/run/reload-under-load.slow.test.ts
const SECONDS = Number(process.env['INBAND_RELOAD_SECONDS'] ?? 3);
const EVERY = Number(process.env['INBAND_RELOAD_EVERY'] ?? 100);
const WORKERS = (process.env['INBAND_RELOAD_WORKERS'] ?? '1,2').split(',').map(Number);

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-reload-load-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** `web` is another service in each version, and `chat` and `browser` change once; every third version has one listener more. */
const config = (workers: number, version: number, origin: number): string => `
workers: ${workers}
log: { access: false }
listeners:
  - { bind: "127.0.0.1:0", service: web }
  - { bind: "127.0.0.1:0", service: chat }
  - { bind: "127.0.0.1:0", service: browser }
${version % 3 === 2 ? `  - { bind: "127.0.0.1:0", service: web }` : ''}
services:
  web:
    mode: reverse
    access: [{ deny: { methods: [NONE${version}] } }, { allow: {} }]
    routes: [{ chainer: { type: directed, remote: "127.0.0.1:${origin}" } }]
  chat:
    mode: reverse
    http: { idleTimeout: ${version > 3 ? 20 : 10}s }
    routes: [{ chainer: { type: directed, remote: "127.0.0.1:${origin}" } }]
  browser:
    mode: forward
    http: { connectPorts: any, idleTimeout: ${version > 3 ? 20 : 10}s }
    routes: [{ chainer: { type: inband } }]
`;

/** Kilobytes that processes hold, shared pages by their share. */
async function memoryOf(pids: readonly number[]): Promise<number> {
  const texts = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')));
  return texts.reduce((sum, text) => sum + Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0), 0);
}

test.each(WORKERS)(
  'nothing fails, is cut or refused while the configuration is read again and again: %d worker(s)',
  async (workers) => {
    const [origin, echo] = [loadOrigin(), echoServer()];
    const [originPort, echoPort] = [await listenOn(origin.server), await listenOn(echo.server)];
    const file = join(folder, `${workers}.yaml`);
    const write = async (version: number): Promise<void> => {
      await writeFile(`${file}.new`, config(workers, version, originPort));
      await rename(`${file}.new`, file);
    };
    await write(0);
    const program = startProgram(['--config', file]);
    const ports: number[] = [];
    while (ports.length < 3) {
      const { address } = await program.during(program.logged('listening'));
      ports.push(Number(String(address).split(':').at(-1)));
    }
    const [web = 0, chat = 0, browser = 0] = ports;
    let isOver = false;
    const loaded = load({ web, chat, browser, echo: echoPort }, () => isOver);
    const end = performance.now() + SECONDS * 1000;
    const memory: number[] = [];
    let version = 0;
    while (performance.now() < end) {
      const next = performance.now() + EVERY;
      version += 1;
      await write(version);
      program.kill('SIGHUP');
      const { generation } = await program.during(program.logged('reloaded'));
      expect(generation).toBe(version + 1);
      if (version % 5 === 0) memory.push(await memoryOf(await program.processes()));
      await pause(Math.max(0, next - performance.now()));
    }
    isOver = true;
    const tally = await loaded;
    process.stdout.write(`${workers} worker(s), ${version} reloads: ${JSON.stringify({ ...tally, memory })}\n`);
    expect(tally).toMatchObject({ failed: [], refused: 0, cut: 0 });
    expect(Math.min(tally.requests, tally.slowBodies, tally.pings, version)).toBeGreaterThan(9);
    program.kill('SIGTERM');
    const ended = await program.ended;
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    expect(ended.stdout).not.toMatch(/refused|defect|"level":"error"/);
    origin.end();
    echo.end();
  },
  (SECONDS + 60) * 1000,
);
