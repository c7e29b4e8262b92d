import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Revocations } from '../revoked/revocations.ts';
import { RevokedSet } from '../revoked/revoked-set.ts';
import { RevokedOnDisk } from './revoked-on-disk.ts';

const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
const PATIENCE = { timeout: 10_000, interval: 5 };
const NAME = 'jti:one';
const soon = (): number => Date.now() + 60_000;

/** One that has not heard of the store yet. */
function member(): { revocations: Revocations; set: RevokedSet } {
  const set = new RevokedSet();
  const revocations = new Revocations({ logger, tell: (revoked) => set.take(revoked) });
  onTestFinished(() => revocations.close());
  return { revocations, set };
}

test('a member that starts without the store refuses what it knew, and takes back what was taken back', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inband-revoked-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const one = member();
  await one.revocations.remember(new RevokedOnDisk(folder, logger));
  await one.revocations.revoke({ name: NAME, until: soon(), by: 'ann' });
  await one.revocations.revoke({ name: 'jti:two', until: soon(), by: 'ann' });
  await one.revocations.restore('jti:two', 'ann');
  const copy = new RevokedOnDisk(folder, logger);
  // Before the next one starts: it writes, too, and would write down what it has read of an earlier moment.
  await vi.waitFor(async () => {
    const restored = (await copy.read()).filter(({ isRestored }) => isRestored);
    expect(restored.map(({ name }) => name)).toEqual(['jti:two']);
  }, PATIENCE);
  const writes = vi.spyOn(copy, 'write');
  const again = member();
  await again.revocations.remember(copy);
  expect(again.revocations.all.map(({ name }) => name)).toEqual([NAME]);
  expect([again.set.has(NAME), again.set.has('jti:two')]).toEqual([true, false]);
  expect(writes).toHaveBeenCalled();
  await Promise.all(writes.mock.results.map(({ value }) => value));
  expect(await readdir(folder)).toEqual(['revoked.json']);
  expect((await stat(join(folder, 'revoked.json'))).mode & 0o777).toBe(0o600);
});

test('a file of revoked tokens that cannot be read is told, and written anew', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inband-revoked-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'revoked.json'), 'nonsense');
  const { revocations } = member();
  await revocations.remember(new RevokedOnDisk(folder, logger));
  const fields = { file: join(folder, 'revoked.json') };
  expect(logger.error).toHaveBeenCalledWith(fields, 'cluster: the revoked tokens in its state folder cannot be read');
  await revocations.revoke({ name: NAME, until: soon(), by: 'ann' });
  await vi.waitFor(async () => expect(await readFile(join(folder, 'revoked.json'), 'utf8')).toContain(NAME), PATIENCE);
});
