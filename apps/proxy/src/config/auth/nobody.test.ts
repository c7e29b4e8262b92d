import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseConfig } from '../parse-config.ts';

const TOKEN = `sha256:${'0a'.repeat(32)}`;
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-nobody-'));
  await writeFile(join(folder, 'empty'), '# Nobody yet.\n\n');
  await writeFile(join(folder, 'tokens'), `ci:${TOKEN}\n`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function warningsFor(auth: object): Promise<string[]> {
  const value = {
    listeners: [{ bind: '127.0.0.1:0', service: 'out' }],
    services: { out: { mode: 'forward', auth, routes: [{ chainer: { type: 'inband' } }] } },
  };
  return [...(await parseConfig({ value, baseDirectory: folder })).warnings];
}

test.each([
  ['basic', { file: 'empty' }, 'file'],
  ['token', { file: 'empty' }, 'file'],
  ['basic', { users: {} }, 'users'],
  ['digest', { users: {} }, 'users'],
  ['token', { tokens: {} }, 'tokens'],
])('%s with %j lets nobody log in, and a warning says so', async (type, from, option) => {
  expect(await warningsFor({ type, ...from })).toEqual([
    `services.out.auth.${option}: warning: it names nobody, so nobody can log in this way.`,
  ]);
});

test('a digest file without a user of the realm is refused', async () => {
  await expect(warningsFor({ type: 'digest', file: 'empty' })).rejects.toThrow('no user is of the realm "inband"');
});

test('one user is somebody', async () => {
  expect(await warningsFor({ type: 'token', file: 'tokens' })).toEqual([]);
  expect(await warningsFor({ type: 'token', tokens: { ci: TOKEN } })).toEqual([]);
});
