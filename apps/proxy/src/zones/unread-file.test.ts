import { AddressZones, inetAddr, type Logger } from '@inband/core';
import fsPromises, { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { replaceBuiltin } from '../../../../test/support/replace-builtin.ts';
import { ZoneFiles } from './zone-files.ts';
import { loadZoneLists } from '../config/lists/zone-lists.ts';

/** As in a process that has too many files open: the next ones cannot be opened, `times` times. Returns what is left of them. */
function exhaust(times: number): { times: number } {
  const left = { times };
  const { open } = fsPromises;
  replaceBuiltin(fsPromises, {
    open: (...parameters) => {
      if (left.times === 0) return open(...parameters);
      left.times -= 1;
      return Promise.reject(Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' }));
    },
  });
  return left;
}

test('a file that cannot be read for a moment is read when it can, though it has not changed; that is said once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inband-zones-'));
  await writeFile(join(folder, 'a.txt'), '10.0.0.0/8\n');
  const { lists } = await loadZoneLists({ dmz: { file: 'a.txt' } }, folder);
  const zones = new AddressZones({ dmz: { addresses: [], lists: lists.map(({ networks }) => networks) } });
  const said: string[] = [];
  const replaced = Promise.withResolvers<void>();
  const note = (level: string) => (_fields: object) => void said.push(level);
  const logger: Logger = {
    debug: note('debug'),
    warn: note('warn'),
    error: note('error'),
    info: () => replaced.resolve(),
  };
  const following = new ZoneFiles(lists, zones, logger, 5);
  const exhausted = exhaust(3);
  await writeFile(join(folder, 'a.txt'), '11.0.0.0/8\n11.1.0.0/16\n');
  following.start();
  await replaced.promise;
  following.close();
  await rm(folder, { recursive: true });
  expect(exhausted.times).toBe(0);
  expect(said).toEqual(['warn']);
  expect(zones.contains('dmz', inetAddr('11.0.0.1', 80)!)).toBe(true);
});
