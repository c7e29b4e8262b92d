import { createMemoryNetwork } from '@inband/core';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { ConfigInput } from '../config/input/config-input.ts';
import { createInband } from './inband.ts';

const CONFIG: ConfigInput = {
  metrics: {},
  listeners: [{ bind: '127.0.0.1:3128', service: 'web' }],
  services: { web: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] } },
};

test('a start that fails before there is a proxy leaves nothing that counts', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inband-failed-start-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const state = join(folder, 'file');
  await writeFile(state, '');
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const network = createMemoryNetwork();
  const options = { transport: network.transport() };
  const acme = { directory: 'https://127.0.0.1:1/', hosts: ['a.example'], challenge: 'http-01' as const, state };
  await expect(createInband({ ...CONFIG, acme }, options)).rejects.toThrow('acme.state');
  expect(vi.getTimerCount()).toBe(0);
  const inband = await createInband(CONFIG, options);
  expect(vi.getTimerCount()).toBeGreaterThan(0);
  await inband.close({ grace: 0 });
  expect(vi.getTimerCount()).toBe(0);
});
