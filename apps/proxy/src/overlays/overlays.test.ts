import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { loadConfig } from '../config/load-config.ts';
import { ConfigError } from '../config/problem/problem.ts';
import { overlayText } from './overlay-text.ts';
import { type Overlay, Overlays } from './overlays.ts';

const FILE = `listeners: [{ bind: "127.0.0.1:0", service: web }]
services:
  web: { mode: forward, routes: [{ chainer: { type: inband } }] }
  other: { mode: reverse, routes: [{ chainer: { type: inband } }] }
`;
const HOUR = 3_600_000;

async function setUp(text = FILE) {
  const folder = await mkdtemp(join(tmpdir(), 'inband-overlays-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'inband.yaml');
  await writeFile(file, text);
  const [, source] = await loadConfig(file);
  const expired: Overlay[] = [];
  const overlays = new Overlays(source, (overlay) => expired.push(overlay));
  onTestFinished(() => overlays.close());
  return { file, overlays, expired };
}

test('a change lies over the file, has who, when and until when, and changes the hash', async () => {
  const { overlays } = await setUp();
  const before = overlays.hash;
  const next = await overlays.with({ services: { web: { http: { maxBody: '1KiB' } } } }, 'ops', HOUR);
  expect(overlays.all, 'nothing has changed yet').toEqual([]);
  overlays.commit(next);
  expect(next.parsed.config.services.web?.http?.maxBody).toBe(1024);
  expect(overlays.all).toMatchObject([{ id: 'o1', by: 'ops' }]);
  expect(overlays.hash).not.toBe(before);
  const [overlay] = overlays.all;
  if (overlay === undefined) throw new Error('There is one.');
  overlays.commit(await overlays.without(overlay));
  expect(overlays.hash).toBe(before);
});

test('a change that is wrong is refused with its place, and not with a line of the file', async () => {
  const { overlays } = await setUp();
  const refused = overlays.with({ services: { web: { mode: 'sideways' } } }, 'ops', HOUR);
  await expect(refused).rejects.toBeInstanceOf(ConfigError);
  await expect(refused).rejects.toMatchObject({
    placed: [{ path: 'services.web.mode', line: undefined, message: expect.stringContaining('"forward"') }],
  });
});

test('a file that is read again has its changes still', async () => {
  const { file, overlays } = await setUp();
  overlays.commit(await overlays.with({ limits: { connections: 7 } }, 'ops', HOUR));
  await writeFile(file, FILE.replace('mode: forward', 'mode: forward, http: { via: office }'));
  const next = await overlays.again();
  expect(next.dropped).toEqual([]);
  expect(next.parsed.config.limits.connections).toBe(7);
  expect(next.parsed.config.services.web?.http?.via).toBe('office');
  expect(next.source.files?.patches).toEqual([{ limits: { connections: 7 } }]);
});

test('a change that does not fit the file any more is dropped, and the others stay', async () => {
  const { file, overlays } = await setUp();
  overlays.commit(await overlays.with({ services: { other: { http: { maxBody: '1KiB' } } } }, 'ops', HOUR));
  overlays.commit(await overlays.with({ limits: { connections: 7 } }, 'ops', HOUR));
  await writeFile(file, FILE.replace(/^ {2}other.*\n/m, ''));
  const next = await overlays.again();
  expect(next.dropped).toMatchObject([{ overlay: { id: 'o1' }, why: expect.any(ConfigError) }]);
  expect(next.overlays).toMatchObject([{ id: 'o2' }]);
  expect(next.parsed.config.limits.connections).toBe(7);
});

test('a file that is wrong is refused as it is without changes', async () => {
  const { file, overlays } = await setUp();
  overlays.commit(await overlays.with({ limits: { connections: 7 } }, 'ops', HOUR));
  await writeFile(file, 'listeners: 1\n');
  await expect(overlays.again()).rejects.toMatchObject({
    placed: expect.arrayContaining([{ file, line: 1 }].map((one) => expect.objectContaining(one))),
  });
  expect(overlays.all).toHaveLength(1);
});

test('the time of a change ends, and that of one that is gone does not', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const { overlays, expired } = await setUp();
  overlays.commit(await overlays.with({ limits: { connections: 7 } }, 'ops', 1_000));
  overlays.commit(await overlays.with({ limits: { connections: 8 } }, 'ops', 2_000));
  const [first] = overlays.all;
  if (first === undefined) throw new Error('There is one.');
  overlays.commit(await overlays.without(first));
  vi.advanceTimersByTime(1_999);
  expect(expired).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(expired).toMatchObject([{ id: 'o2' }]);
});

test('a change that cannot be taken back when its time is over is told again, until it is gone', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const { overlays, expired } = await setUp();
  overlays.commit(await overlays.with({ limits: { connections: 7 } }, 'ops', 1_000));
  const [overlay] = overlays.all;
  if (overlay === undefined) throw new Error('There is one.');
  vi.advanceTimersByTime(1_000);
  overlays.expireLater(overlay);
  vi.advanceTimersByTime(30_000);
  expect(expired).toEqual([overlay, overlay]);
  overlays.commit(await overlays.without(overlay));
  overlays.expireLater(overlay);
  vi.advanceTimersByTime(60_000);
  expect(expired).toHaveLength(2);
});

test('a change as YAML says whose it is', async () => {
  const { overlays } = await setUp();
  const { overlays: all } = await overlays.with({ limits: { connections: 7 }, log: null }, 'ops\nroot', HOUR);
  expect(all.map(overlayText)).toEqual([
    expect.stringMatching(
      /^# Overlay o1 of .* by ops\?root, until .*\n# .*\n\nlimits:\n {2}connections: 7\nlog: null\n$/,
    ),
  ]);
});
