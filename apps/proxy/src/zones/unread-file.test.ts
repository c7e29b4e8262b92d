import { AddressZones, inetAddr, type Logger } from '@inband/core';
import type * as fsPromises from 'node:fs/promises';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { ZoneFiles } from './zone-files.ts';
import { loadZoneLists } from '../config/lists/zone-lists.ts';

/** How many more times files cannot be opened, because the process has too many open. */
const exhausted = vi.hoisted(() => ({ times: 0 }));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof fsPromises>();
  const open: typeof real.open = (...parameters) => {
    if (exhausted.times === 0) return real.open(...parameters);
    exhausted.times -= 1;
    return Promise.reject(Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' }));
  };
  return { ...real, open };
});

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
  exhausted.times = 3;
  await writeFile(join(folder, 'a.txt'), '11.0.0.0/8\n11.1.0.0/16\n');
  following.start();
  await replaced.promise;
  following.close();
  await rm(folder, { recursive: true });
  expect(exhausted.times).toBe(0);
  expect(said).toEqual(['warn']);
  expect(zones.contains('dmz', inetAddr('11.0.0.1', 80)!)).toBe(true);
});
