import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { freePort } from '../../../../packages/core/test-support/free-port.ts';
import { describeRequiring, findCommand } from '../../../../test/support/requires.ts';
import { jsonObject } from '../../test-support/json.ts';
import { openClient } from '../../test-support/keep-alive.ts';
import { type Program, startProgram } from '../../test-support/program.ts';

/** Milliseconds; what is waited for comes at once on a machine that has nothing else to do. */
const WAIT = { timeout: 20_000 };

let folder: string;
let program: Program | undefined;
let rsyslog: ChildProcess | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-rsyslog-'));
});
afterEach(async () => {
  program?.kill('SIGKILL');
  rsyslog?.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

/** Starts the program with its log at `address`. Resolves when it accepts. */
async function start(address: string, workers: number) {
  const config = join(folder, 'inband.yaml');
  const port = await freePort();
  writeFileSync(
    config,
    `workers: ${workers}
log: { syslog: { address: "${address}", facility: local5, tag: proxy } }
listeners: [{ bind: "127.0.0.1:${port}", service: browser }]
services: { browser: { mode: forward, routes: [{ chainer: { type: inband } }] } }
`,
  );
  const started = startProgram(['--config', config]);
  program = started;
  return { started, port };
}

/** The log of rsyslog, a message a line. */
function received(): Record<string, unknown>[] {
  const file = join(folder, 'out');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8').split('\n').filter(Boolean).map(jsonObject);
}

describeRequiring({ commands: ['rsyslogd'], linux: true }, 'rsyslog', () => {
  /** Starts it on all three addresses. */
  async function startRsyslog(socket: string, udp: number, tcp: number): Promise<void> {
    const config = join(folder, 'rsyslog.conf');
    writeFileSync(
      config,
      `module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="${socket}" CreatePath="off" RateLimit.Interval="0")
module(load="imudp")
input(type="imudp" address="127.0.0.1" port="${udp}")
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="${tcp}")
template(name="fields" type="list" option.jsonf="on") {
  property(outname="facility" name="syslogfacility-text" format="jsonf")
  property(outname="severity" name="syslogseverity-text" format="jsonf")
  property(outname="program" name="programname" format="jsonf")
  property(outname="pid" name="procid" format="jsonf")
  property(outname="text" name="msg" format="jsonf")
}
action(type="omfile" file="${join(folder, 'out')}" template="fields")
`,
    );
    const path = findCommand('rsyslogd') ?? '';
    rsyslog = spawn(path, ['-n', '-f', config, '-i', join(folder, 'pid')], { stdio: 'ignore' });
    await vi.waitFor(() => expect(existsSync(socket)).toBe(true), WAIT);
  }

  test.each([
    ['a socket of this machine', 'unix', 1],
    ['a socket of this machine', 'unix', 2],
    ['UDP', 'udp', 1],
    ['TCP', 'tcp', 2],
  ])('understands what it gets over %s (%s), %d worker(s), to the last line', async (_, kind, workers) => {
    const socket = join(folder, 'log');
    const [udp, tcp] = [await freePort(), await freePort()];
    await startRsyslog(socket, udp, tcp);
    const address =
      { unix: `unix:${socket}`, udp: `udp://127.0.0.1:${udp}`, tcp: `tcp://127.0.0.1:${tcp}` }[kind] ?? '';
    const { started, port } = await start(address, workers);
    const texts = () => received().map(({ text }) => jsonObject(String(text).trim()));
    await vi.waitFor(() => expect(texts()).toContainEqual(expect.objectContaining({ msg: 'listening' })), WAIT);
    const client = await openClient(port);
    await client.get('http://127.0.0.1:1/', '}\n');
    client.destroy();
    started.kill('SIGTERM');
    expect(await started.ended).toEqual({ status: 0, stdout: '', stderr: '' });
    await vi.waitFor(() => expect(texts().at(-1)).toMatchObject({ msg: 'stopped' }), WAIT);
    expect(texts()).toContainEqual(expect.objectContaining({ msg: 'request', status: 502 }));
    for (const { text, ...fields } of received()) {
      const { pid } = jsonObject(String(text).trim());
      expect(fields).toEqual({ facility: 'local5', severity: 'info', program: 'proxy', pid: String(pid) });
    }
  });
});

test('a receiver that is not there delays neither clients nor the end of the program, and is told of', async () => {
  const { started, port } = await start(`tcp://127.0.0.1:${await freePort()}`, 1);
  const client = await vi.waitFor(() => openClient(port), WAIT);
  await client.get('http://127.0.0.1:1/', '}\n');
  client.destroy();
  started.kill('SIGTERM');
  const { status, stderr } = await started.ended;
  expect(status).toBe(0);
  expect(stderr).toMatch(/^The log cannot be written; .*syslog at tcp:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED/);
});
