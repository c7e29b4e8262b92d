import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { freePorts, Processes, PROXY_CORE, waitForPort } from './processes.ts';

const pinned = process.platform === 'linux' && hasTaskset();
const processes = new Processes();
afterEach(() => processes.stopAll());

function hasTaskset(): boolean {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function startNode(script: string) {
  return processes.start({ core: PROXY_CORE, command: process.execPath, args: ['-e', script] });
}

test('free ports are distinct', async () => {
  const ports = await freePorts(8);
  expect(new Set(ports).size).toBe(8);
});

describe.skipIf(!pinned)('a started process', () => {
  test('runs on its core, accepts, and is gone after stop', async () => {
    const [port = 0] = await freePorts(1);
    const owned = startNode(`require('net').createServer().listen(${port}, '127.0.0.1')`);
    await waitForPort(port, owned);
    expect(readFileSync(`/proc/${owned.pid}/status`, 'latin1')).toMatch(/^Cpus_allowed_list:\s+0$/m);
    await owned.stop();
    expect(owned.running).toBe(false);
  });

  test('that ends at its start is reported with what it said', async () => {
    const owned = startNode(`console.error('no licence'); process.exit(3)`);
    await expect(waitForPort(1, owned)).rejects.toThrow('no licence');
  });

  test('that ignores SIGTERM is killed', async () => {
    const [port = 0] = await freePorts(1);
    const owned = startNode(
      `process.on('SIGTERM', () => {}); require('net').createServer().listen(${port}, '127.0.0.1')`,
    );
    await waitForPort(port, owned);
    await owned.stop();
    expect(owned.child.signalCode).toBe('SIGKILL');
  });

  test('takes its children with it when it is killed', async () => {
    const [port = 0] = await freePorts(1);
    const child = `require('net').createServer().listen(${port}, '127.0.0.1')`;
    const owned = startNode(`require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}])`);
    await waitForPort(port, owned);
    owned.killNow();
    await owned.ended;
    await expect(waitForPort(port, owned)).rejects.toThrow('ended at its start');
    expect(await freePort(port)).toBe(true);
  });
});

/** Whether `port` can be listened on again. */
function freePort(port: number): Promise<boolean> {
  const script = `require('net').createServer().listen(${port}, '127.0.0.1', () => process.exit(0)).on('error', () => process.exit(1))`;
  const owned = startNode(script);
  return owned.ended.then(() => owned.child.exitCode === 0);
}
