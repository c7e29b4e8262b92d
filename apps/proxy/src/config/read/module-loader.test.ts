import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { loadPlugins } from '../plugins/load-plugins.ts';
import { loadPatched } from '../load-config.ts';
import { importModule } from './module-loader.ts';

async function folderOfTest(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'inband-modules-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

const PLUGIN = `export const made = {
  provides: 'chainer', kind: 'made', create: () => ({}),
  schema: { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } },
};`;

test.each([
  ['throws when it is imported', 'throw new Error("broken");', 'broken'],
  ['cannot be parsed', 'export const = 3;', "Unexpected token '='"],
  ['imports what is not there', 'import "./absent.mjs";', 'Cannot find module'],
  ['exports no plugin', 'export const other = 1;', 'it exports other'],
])('a plugin that %s is read again once it is corrected, and then stays as it is', async (_what, text, error) => {
  const folder = await folderOfTest();
  const load = () => loadPlugins(['./plugin.mjs'], folder);
  const write = (content: string) => writeFile(join(folder, 'plugin.mjs'), content);
  await write(text);
  for (let times = 0; times < 3; times += 1) {
    const { problems } = await load();
    expect(problems).toMatchObject([{ path: ['plugins', 0], message: expect.stringContaining(error) }]);
  }
  await write(PLUGIN);
  const [one, other] = [await load(), await load()];
  expect([...one.problems, ...other.problems]).toEqual([]);
  expect(other.registry.chainer('made')).toBe(one.registry.chainer('made'));
  expect(one.registry.chainer('made')).toBeDefined();
});

test('a plugin that has changed since it was loaded is warned of, because it is not loaded again', async () => {
  const folder = await folderOfTest();
  const load = () => loadPlugins(['./plugin.mjs'], folder);
  const path = join(folder, 'plugin.mjs');
  await writeFile(path, PLUGIN);
  expect((await load()).problems).toEqual([]);
  await writeFile(path, PLUGIN);
  expect((await load()).problems, 'written again, with the same content').toEqual([]);
  await writeFile(path, PLUGIN.replace("kind: 'made'", "kind: 'other'"));
  const { problems, registry } = await load();
  const message = 'the file of the plugin "./plugin.mjs" has changed since it was loaded; a restart loads it again.';
  expect(problems).toEqual([{ path: ['plugins', 0], message, warning: true }]);
  expect(registry.chainer('made')).toBeDefined();
  const services = { out: { mode: 'forward', routes: [{ chainer: { type: 'other' } }] } };
  const refused = loadPatched({ value: { plugins: ['./plugin.mjs'], services }, baseDirectory: folder }, []);
  await expect(refused, 'it may be why there are errors').rejects.toThrow(message);
  await writeFile(path, PLUGIN);
  expect((await load()).problems, 'as it was').toEqual([]);
  await rm(path);
  expect((await load()).problems, 'gone').toEqual(problems);
});

test('a module that does not end is told once, and read again once it is corrected', async () => {
  const folder = await folderOfTest();
  const path = join(folder, 'plugin.mjs');
  await writeFile(path, 'await new Promise(() => {});');
  const value = { plugins: ['./plugin.mjs'] };
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  void importModule('./plugin.mjs', folder);
  const message = async (loaded: object): Promise<string> => {
    const loading = loadPatched({ value: loaded, baseDirectory: folder }, []).catch((error: Error) => error);
    await vi.advanceTimersByTimeAsync(10_000);
    const result = await loading;
    return result instanceof Error ? result.message : 'loaded';
  };
  expect(await message(value)).toContain('./plugin.mjs did not finish');
  await writeFile(path, PLUGIN);
  expect(Object.keys(await importModule('./plugin.mjs', folder))).toEqual(['made']);
  const validate = (): Promise<never> => new Promise(() => undefined);
  const slow = { provides: 'chainer', kind: 'slow', create: () => ({}), schema: { '~standard': { validate } } };
  const services = { out: { mode: 'forward', routes: [{ chainer: { type: 'slow' } }] } };
  expect(await message({ plugins: [slow], services })).not.toContain('plugin.mjs');
});
