import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type DatagramReceiver, receiveDatagrams } from '../../../../packages/core/test-support/datagram-receiver.ts';
import { startProgram } from '../../test-support/program.ts';

let folder: string;
let receiver: DatagramReceiver;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-notify-'));
});
afterEach(async () => {
  receiver.close();
  await rm(folder, { recursive: true });
});

const config = (workers: number, more = ''): string => `
workers: ${workers}
listeners: [{ bind: "127.0.0.1:0", service: browser }]
services: { browser: { mode: forward, routes: [{ chainer: { type: inband } }] } }
${more}`;

/** Everything that has come, in order. */
const received: string[] = [];

function take(): void {
  for (let one = receiver.receive(); one !== undefined; one = receiver.receive()) received.push(one);
}

/** The next message that matches, from `at` on. */
async function next(pattern: RegExp, at = 0): Promise<string> {
  for (;;) {
    take();
    const found = received.slice(at).find((message) => pattern.test(message));
    if (found !== undefined) return found;
    await pause(20);
  }
}

async function start(workers: number, notifySocket: string, environment: Record<string, string> = {}) {
  received.length = 0;
  receiver = receiveDatagrams(notifySocket.replace(/^@/, '\0'));
  const file = join(folder, 'inband.yaml');
  await writeFile(file, config(workers));
  const program = startProgram(['--config', file], undefined, { NOTIFY_SOCKET: notifySocket, ...environment });
  return { program, file };
}

describe.runIf(process.platform === 'linux')('the service manager is told', { timeout: 60_000 }, () => {
  test.each([1, 2])('of start, reload, upgrade and end: %d worker(s)', async (workers) => {
    const { program, file } = await start(workers, join(folder, 'notify'));
    expect(await program.during(next(/^READY=1/))).toMatch(/^READY=1\nSTATUS=Accepts on 127\.0\.0\.1:\d+$/);
    await writeFile(file, config(workers, 'shutdown: { grace: 20s }'));
    program.kill('SIGHUP');
    expect(await program.during(next(/^RELOADING=1/))).toMatch(/^RELOADING=1\nMONOTONIC_USEC=\d+\n/);
    expect(await program.during(next(/STATUS=Reloaded/))).toBe('READY=1\nSTATUS=Reloaded');
    await writeFile(file, 'nonsense: true');
    program.kill('SIGHUP');
    expect(await program.during(next(/refused/))).toMatch(/^READY=1\nSTATUS=The last reload was refused/);
    await writeFile(file, config(workers));
    take();
    const before = received.length;
    program.kill('SIGUSR2');
    const { successor } = await program.during(program.logged('the successor accepts clients'));
    expect(await program.during(next(/^MAINPID/, before))).toBe(`MAINPID=${String(successor)}`);
    await program.during(next(/^READY=1/, before));
    // The predecessor says nothing any more, because the manager would take it for the whole service.
    await program.during(program.logged('stopped'));
    take();
    expect(received.slice(before).map((message) => message.split('\n')[0])).toEqual([
      `MAINPID=${String(successor)}`,
      'READY=1',
    ]);
    process.kill(Number(successor), 'SIGTERM');
    expect((await program.ended).stderr).toBe('');
    take();
    expect(received.at(-1)).toMatch(/^STOPPING=1/);
  });

  test('by the watchdog as long as the slowest worker answers', async () => {
    // A message each 1.2 seconds, as long as the silence is shorter than that.
    const { program } = await start(2, join(folder, 'notify'), { WATCHDOG_USEC: '2400000' });
    await program.during(next(/^WATCHDOG=1$/));
    const [, worker = 0] = await program.processes();
    process.kill(worker, 'SIGSTOP');
    take();
    const before = received.length;
    await program.during(program.logged('a worker does not answer; killing it'));
    take();
    // In five seconds it would be four. One may come before the silence is too long, and one after the worker is gone.
    expect(received.length - before).toBeLessThanOrEqual(2);
    await program.during(next(/^WATCHDOG=1$/, received.length));
    program.kill('SIGTERM');
    await program.ended;
  });

  test('by the watchdog of one process, by an abstract name; not if it is meant for another', async () => {
    const { program } = await start(1, `@${folder}`, { WATCHDOG_USEC: '200000' });
    await program.during(next(/^WATCHDOG=1$/));
    program.kill('SIGTERM');
    await program.ended;
    receiver.close();
    const other = await start(1, join(folder, 'other'), { WATCHDOG_USEC: '200000', WATCHDOG_PID: '1' });
    await other.program.during(next(/^READY=1/));
    await pause(500);
    other.program.kill('SIGTERM');
    await other.program.ended;
    take();
    expect(received).not.toContain('WATCHDOG=1');
  });

  test('and where it cannot be, the log says so', async () => {
    const { program } = await start(1, join(folder, 'notify'), { NOTIFY_SOCKET: join(folder, 'nothing') });
    expect(await program.during(program.logged('the service manager cannot be told (NOTIFY_SOCKET)'))).toMatchObject({
      path: join(folder, 'nothing'),
      detail: 'errno 2',
    });
    program.kill('SIGTERM');
    await program.ended;
  });
});
