import { createMemoryNetwork, type Logger } from '@inband/core';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test, vi } from 'vitest';
import { askAdmin } from '../../test-support/admin-client.ts';
import { address, exchange, startOrigin } from '../../test-support/memory/memory-http.ts';
import { createInband } from '../single/inband.ts';
import type { ConfigInput } from '../config/input/config-input.ts';
import type { ToThread } from './messages/messages.ts';
import { AdminHost } from './admin-host.ts';

// Programs are started, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const LONG = { timeout: 15_000, interval: 50 };
const PROXY = address('127.0.0.1', 3128);
const GET = 'GET http://127.0.0.1:8000/ HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nConnection: close\r\n\r\n';

test('a thread that dies is started anew; clients notice nothing, and what is counted is not lost', async () => {
  const network = createMemoryNetwork();
  const origin = await startOrigin(network, address('127.0.0.1', 8000), 'origin');
  const lines: { readonly message: string; readonly fields: object }[] = [];
  const note = (fields: object, message: string): void => void lines.push({ message, fields });
  const logger: Logger = { debug: note, info: note, warn: note, error: note };
  const addressIn = (message: string): string =>
    String(Reflect.get(lines.findLast((line) => line.message === message)?.fields ?? {}, 'address'));
  const created = once(process, 'worker');
  const inband = await createInband(
    {
      admin: { bind: '127.0.0.1:0' },
      metrics: {},
      listeners: [{ bind: '127.0.0.1:3128', service: 'browser' }],
      services: { browser: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] } },
    },
    { transport: network.transport(), logger },
  );
  const [thread] = (await created) as [Worker];

  const over = new AbortController();
  const answers: string[] = [];
  const client = (async () => {
    while (!over.signal.aborted) {
      answers.push(await exchange(network, '127.0.0.1', PROXY, GET));
      await wait(5);
    }
  })();
  await vi.waitFor(() => expect(answers.length).toBeGreaterThan(3), LONG);
  const admin = addressIn('the admin server listens');
  const log = await fetch(`http://${admin}/log`);
  const counted = await requestsCounted(admin);
  expect(counted).toBeGreaterThan(3);
  // Looked at from now on, because it may reject before the thread is known to have ended.
  const cut = expect(log.text()).rejects.toThrow();
  await thread.terminate();
  await cut;
  await expect(askAdmin(admin, ['GET', '/health/live'])).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await vi.waitFor(() => expect(lines.map(({ message }) => message)).toContain('the admin server is back'), {
    timeout: 15_000,
  });
  over.abort();
  await client;
  expect(lines.map(({ message }) => message)).toContain('the admin server died; clients of the proxy are served');
  expect(answers.length).toBeGreaterThan(10);
  expect(answers.filter((answer) => !answer.endsWith('origin'))).toEqual([]);
  const back = addressIn('the admin server is back');
  expect(await askAdmin(back, ['GET', '/health/ready'])).toMatchObject({ status: 200 });
  expect(await requestsCounted(back)).toBeGreaterThan(counted);
  await inband.close({ grace: 0 });
  await origin.close();
  expect(network.open).toBe(0);
});

/** How many requests have ended, by `/metrics`. */
async function requestsCounted(admin: string): Promise<number> {
  const text = await (await fetch(`http://${admin}/metrics`)).text();
  const values = text.matchAll(/^inband_requests_total\{.*\} (\d+)$/gm);
  return Array.from(values, ([, value]) => Number(value)).reduce((sum, value) => sum + value, 0);
}

/** An admin server without a token, and what a client of it gets. */
async function startAdmin(bind = '127.0.0.1:0') {
  const network = createMemoryNetwork();
  const lines: { readonly message: string; readonly fields: object }[] = [];
  const note = (fields: object, message: string): void => void lines.push({ message, fields });
  const logger: Logger = { debug: note, info: note, warn: note, error: note };
  const config: ConfigInput = {
    admin: { bind, anonymous: 'read' },
    listeners: [{ bind: '127.0.0.1:3128', service: 'browser' }],
    services: { browser: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] } },
  };
  const created = once(process, 'worker');
  const inband = await createInband(config, { transport: network.transport(), logger });
  onTestFinished(() => inband.close({ grace: 0 }));
  const [thread] = (await created) as [Worker];
  const addressIn = (message: string) =>
    vi.waitFor(() => {
      const line = lines.findLast((one) => one.message === message);
      return String(Reflect.get(line?.fields ?? expect.fail(`not logged: ${message}`), 'address'));
    }, LONG);
  return { thread, addressIn };
}

test('a thread that hears of a reload while it starts has its tokens', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inband-admin-thread-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  // Its file is made in several steps.
  const { thread, addressIn } = await startAdmin(`unix:${join(folder, 'admin')}`);
  const again = once(process, 'worker');
  await thread.terminate();
  const [starting] = (await again) as [Worker];
  const access = { anonymous: undefined, tokens: [], hosts: [] };
  const message: ToThread = { type: 'configure', access, tls: undefined };
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- this is a thread, and no window
  starting.postMessage(message);
  const back = await addressIn('the admin server is back');
  expect(await askAdmin(back, ['GET', '/generations'])).toMatchObject({ status: 401 });
});

test('an answer that no message can hold is a problem, and the process goes on', async () => {
  const { addressIn } = await startAdmin();
  vi.spyOn(AdminHost.prototype, 'answer').mockResolvedValueOnce({ answer: () => 'a function' });
  onTestFinished(() => void vi.restoreAllMocks());
  const admin = await addressIn('the admin server listens');
  expect(await askAdmin(admin, ['GET', '/generations'])).toMatchObject({ status: 500 });
  expect(await askAdmin(admin, ['GET', '/generations'])).toMatchObject({ status: 200 });
});

test.runIf(process.platform === 'linux')(
  'its thread has the lowest priority, and no other thread of the process',
  async () => {
    const network = createMemoryNetwork();
    const before = [getPriority(), lowestThreads()];
    const inband = await createInband(
      {
        admin: { bind: '127.0.0.1:0' },
        listeners: [{ bind: '127.0.0.1:3128', service: 'browser' }],
        services: { browser: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] } },
      },
      { transport: network.transport() },
    );
    expect([getPriority(), lowestThreads()]).toEqual([before[0], (before[1] ?? 0) + 1]);
    await inband.close({ grace: 0 });
  },
);

/** Threads of this process whose nice value is 19. */
function lowestThreads(): number {
  const stats = readdirSync('/proc/self/task').map((thread) =>
    readFileSync(`/proc/self/task/${thread}/stat`, 'latin1'),
  );
  return stats.filter((stat) => stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16] === '19').length;
}
