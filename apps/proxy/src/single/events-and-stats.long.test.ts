import { createMemoryNetwork, type Logger } from '@inband/core';
import { expect, onTestFinished, test, vi } from 'vitest';
import { address, exchange, startOrigin } from '../../test-support/memory/memory-http.ts';
import { type ConfigInput, createInband } from '../index.ts';

const PROXY = address('127.0.0.1', 3128);
const ORIGIN = address('127.0.0.1', 8000);
const get = (host: string) => `GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;

function config(more: Partial<ConfigInput> = {}, access: ConfigInput['services'][string]['access'] = []): ConfigInput {
  const web: ConfigInput['services'][string] = { mode: 'forward', access, routes: [{ chainer: { type: 'inband' } }] };
  return { listeners: [{ bind: '127.0.0.1:3128', service: 'web' }], services: { web }, ...more };
}

async function start(first: ConfigInput) {
  const network = createMemoryNetwork();
  const defects: unknown[] = [];
  const nothing = (): void => undefined;
  const logger: Logger = { debug: nothing, info: nothing, warn: nothing, error: (fields) => void defects.push(fields) };
  const inband = await createInband(first, { transport: network.transport(), logger });
  onTestFinished(() => inband.close({ grace: 0 }));
  const origin = await startOrigin(network, ORIGIN, 'hello');
  onTestFinished(() => origin.close());
  const ask = (host = '127.0.0.1:8000') => exchange(network, '127.0.0.1', PROXY, get(host));
  return { inband, ask, defects };
}

test('a program hears of each session, of errors, and of reloads, until it does not listen any more', async () => {
  const { inband, ask } = await start(config());
  const heard: string[] = [];
  const ends = [
    inband.on('session', ({ status }) => heard.push(`session ${status}`)),
    inband.on('error', ({ code }, { session }) => heard.push(`error ${code} of ${session.service.name}`)),
    inband.on('reload', ({ changed }) => heard.push(`reload ${changed.length > 0}`)),
  ];
  await ask();
  await inband.reload(config({}, [{ deny: { ports: 8000 } }]));
  await ask();
  for (const end of ends) end();
  await ask();
  await inband.reload(config());
  expect(heard).toEqual(['session 200', 'reload true', 'session 403', 'error http_request_denied of web']);
});

test('a listener that throws or rejects is a defect in the log, and affects nobody', async () => {
  const { inband, ask, defects } = await start(config());
  const broken = new Error('broken');
  const heard = vi.fn<() => void>();
  inband.on('session', () => {
    throw broken;
  });
  // oxlint-disable-next-line typescript/no-misused-promises -- what this is about
  inband.on('session', () => Promise.reject(broken));
  inband.on('session', heard);
  expect(await ask()).toContain('hello');
  await vi.waitFor(() => expect(defects).toMatchObject([{ err: broken }, { err: broken }]), { timeout: 10_000 });
  expect(heard).toHaveBeenCalledOnce();
});

test('an event that there is none of, and a listener that is no function, are refused at once', async () => {
  const { inband } = await start(config());
  const on = (...given: readonly unknown[]): unknown => Reflect.apply(Reflect.get(inband, 'on'), inband, given);
  expect(() => on('sessions', () => undefined)).toThrow(
    'There is no event "sessions"; there are session, error, reload.',
  );
  expect(() => on('session', {})).toThrow('The listener of "session" is no function.');
});

test('statistics need metrics, and say so', async () => {
  const { inband } = await start(config());
  expect(() => inband.stats()).toThrow(/metrics: \{\}/);
});

test('statistics have totals, rates, the last minutes and who asked for what', async () => {
  const { inband, ask } = await start(config({ metrics: {} }, [{ deny: { hosts: 'no.example' } }]));
  for (let times = 0; times < 3; times += 1) await ask();
  await ask('no.example');
  await vi.waitFor(() => expect(inband.stats().history.length).toBeGreaterThan(0), { timeout: 20_000, interval: 100 });
  const stats = inband.stats();
  expect(stats.totals).toMatchObject({ requests: 4, denials: 1, errors: 0, bytesOut: 15 + 0, connections: 3 });
  expect(stats.workers).toMatchObject([{ worker: '0', pid: process.pid, state: 'up' }]);
  expect(stats.latency.p50).toBeGreaterThanOrEqual(0);
  expect(stats.top.clients).toMatchObject([{ key: '127.0.0.1', requests: 4 }]);
  expect(stats.top.targets.map(({ key }) => key)).toEqual(['127.0.0.1', 'no.example']);
  expect(stats.history.reduce((sum, { requests }) => sum + requests, 0)).toBeGreaterThan(0);
});

test('counters go on over a reload', async () => {
  const { inband, ask } = await start(config({ metrics: {} }));
  await ask();
  await inband.reload(config({ metrics: {} }, [{ deny: { hosts: 'no.example' } }]));
  await ask();
  expect(inband.stats().totals).toMatchObject({ requests: 2, denials: 0 });
});

test('a reload can neither begin nor end to count', async () => {
  const { inband } = await start(config());
  await expect(inband.reload(config({ metrics: {} }))).rejects.toThrow(/metrics: a reload cannot change this/);
});
