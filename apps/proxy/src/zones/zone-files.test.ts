import { AddressZones, inetAddr, type Logger, type SockAddr } from '@inband/core';
import { mkdtemp, rename, rm, symlink, truncate, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MAX_FILE } from '../config/read/bounded-file.ts';
import { readZoneFile } from '../config/lists/zone-file.ts';
import { ZoneFiles } from './zone-files.ts';
import { loadZoneLists } from '../config/lists/zone-lists.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-zones-'));
});

afterEach(() => rm(folder, { recursive: true }));

const write = (name: string, text: string) => writeFile(join(folder, name), text);
const addr = (text: string): SockAddr => inetAddr(text, 80)!;

describe('readZoneFile', () => {
  test('gives the networks of a file', async () => {
    await write('a.txt', '# ours\r\n10.0.0.0/8\r\n\r\n2001:db8::/32\r\n');
    expect((await readZoneFile(join(folder, 'a.txt'), 'a.txt')).networks.size).toBe(2);
  });

  test.each([
    [
      'the line that is wrong',
      '10.0.0.0/8\n10.0.0.1/8\nx\n',
      ['a.txt:2: "10.0.0.1/8" has bits', 'a.txt:3: "x" is not an'],
    ],
    ['how many more are', 'x\n'.repeat(12), [...Array(10).fill('a.txt:'), 'a.txt: 2 further lines are wrong.']],
  ])('says %s, with their numbers', async (_what, text, expected) => {
    await write('a.txt', text);
    await expect(readZoneFile(join(folder, 'a.txt'), 'a.txt')).rejects.toMatchObject({
      problems: expected.map((part: string) => expect.stringContaining(part)),
    });
  });

  test('refuses a file that is too large without reading it', async () => {
    await write('a.txt', '');
    await truncate(join(folder, 'a.txt'), MAX_FILE + 1);
    await expect(readZoneFile(join(folder, 'a.txt'), 'a.txt')).rejects.toThrow(/^a\.txt: the file has 8388609 bytes/);
  });

  test.each([
    ['what is not there', 'none.txt', /^none\.txt: the file cannot be read: ENOENT/],
    ['a folder', '.', /^\.: the file cannot be read: it is not a regular file\.$/],
  ])('refuses %s, with the reason', async (_what, name, message) => {
    await expect(readZoneFile(join(folder, name), name)).rejects.toThrow(message);
  });
});

describe('loadZoneLists', () => {
  test('reads one file or several, relative to the configuration or not', async () => {
    await Promise.all(['a.txt', 'b.txt', 'c.txt'].map((name, index) => write(name, '10.0.0.0/8\n'.repeat(index))));
    const zones = { one: { file: 'a.txt' }, two: { file: ['b.txt', join(folder, 'c.txt')] }, three: ['10.0.0.0/8'] };
    const { lists, problems } = await loadZoneLists(zones, folder);
    expect(problems).toEqual([]);
    expect(lists.map(({ zone, index, networks }) => [zone, index, networks.size])).toEqual([
      ['one', 0, 0],
      ['two', 0, 1],
      ['two', 1, 2],
    ]);
  });

  test('says where in the configuration the file is named, and passes over what is no name', async () => {
    const { problems } = await loadZoneLists({ a: { file: ['no.txt', 7] }, b: { file: 'no.txt' }, c: 7 }, folder);
    expect(problems.map(({ path }) => path)).toEqual([
      ['zones', 'a', 'file', 0],
      ['zones', 'b', 'file'],
    ]);
    expect((await loadZoneLists(7, folder)).problems).toEqual([]);
  });
});

interface Line {
  readonly level: string;
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

/** A logger that can be waited for. */
class WaitedLogger implements Logger {
  readonly #lines: Line[] = [];
  #arrived: () => void = () => {};

  readonly debug = this.#log('debug');
  readonly info = this.#log('info');
  readonly warn = this.#log('warn');
  readonly error = this.#log('error');

  #log(level: string) {
    return (fields: object, message: string): void => {
      this.#lines.push({ level, fields: { ...fields }, message });
      this.#arrived();
    };
  }

  /** The next line. */
  async next(): Promise<Line> {
    while (this.#lines.length === 0) await new Promise<void>((resolve) => (this.#arrived = resolve));
    return this.#lines.shift()!;
  }
}

describe('ZoneFiles', () => {
  let following: ZoneFiles;
  let logger: WaitedLogger;
  let zones: AddressZones;

  beforeEach(async () => {
    await write('a.txt', '10.0.0.0/8\n');
    const { lists } = await loadZoneLists({ dmz: { file: 'a.txt' } }, folder);
    zones = new AddressZones({
      dmz: { addresses: [], lists: lists.map(({ networks }) => networks) },
      other: { addresses: ['12.0.0.0/8'] },
    });
    logger = new WaitedLogger();
    following = new ZoneFiles(lists, zones, logger, 5);
    following.start();
  });

  afterEach(() => following.close());

  const inDmz = (text: string): boolean => zones.contains('dmz', addr(text));

  test('take a new version of a file over', async () => {
    await write('a.txt', '11.0.0.0/8\n11.1.0.0/16\n');
    expect(await logger.next()).toEqual({
      level: 'info',
      message: 'a file of a zone was read again',
      fields: { zone: 'dmz', file: 'a.txt', networks: 2 },
    });
    expect([inDmz('10.0.0.1'), inDmz('11.0.0.1')]).toEqual([false, true]);
  });

  test('take a file over that was put in the place of the old one', async () => {
    await write('b.txt', '11.0.0.0/8\n');
    await rename(join(folder, 'b.txt'), join(folder, 'a.txt'));
    expect(await logger.next()).toMatchObject({ level: 'info' });
    expect(inDmz('11.0.0.1')).toBe(true);
  });

  test('take a new version over that has the size and the time of the old one', async () => {
    following.close();
    await utimes(join(folder, 'a.txt'), 1_000, 1_000);
    const { lists } = await loadZoneLists({ dmz: { file: 'a.txt' } }, folder);
    await write('a.txt', '11.0.0.0/8\n');
    await utimes(join(folder, 'a.txt'), 1_000, 1_000);
    following = new ZoneFiles(lists, zones, logger, 5);
    following.start();
    expect(await logger.next()).toMatchObject({ level: 'info' });
    expect(inDmz('11.0.0.1')).toBe(true);
  });

  test('stay with the old version while the new one is wrong, say so once, and take the mended one', async () => {
    await write('a.txt', '11.0.0.0/8\nnonsense\n');
    expect(await logger.next()).toEqual({
      level: 'warn',
      message: 'a file of a zone cannot be used; the zone stays as it was',
      fields: { zone: 'dmz', file: 'a.txt', problems: [expect.stringMatching(/^a\.txt:2: "nonsense"/)] },
    });
    expect([inDmz('10.0.0.1'), inDmz('11.0.0.1')]).toEqual([true, false]);
    await write('a.txt', '11.0.0.0/8\n');
    expect(await logger.next()).toMatchObject({ level: 'info' });
    expect([inDmz('10.0.0.1'), inDmz('11.0.0.1')]).toEqual([false, true]);
  });

  test('stay with the old version when the file is gone, and take one that comes back', async () => {
    await unlink(join(folder, 'a.txt'));
    expect(await logger.next()).toMatchObject({
      level: 'warn',
      fields: { problems: [expect.stringContaining('ENOENT')] },
    });
    expect(inDmz('10.0.0.1')).toBe(true);
    await write('elsewhere.txt', '11.0.0.0/8\n');
    await symlink(join(folder, 'elsewhere.txt'), join(folder, 'a.txt'));
    expect(await logger.next()).toMatchObject({ level: 'info' });
    expect(inDmz('11.0.0.1')).toBe(true);
  });

  test('say which zone gets a network that two claim', async () => {
    await write('a.txt', '12.0.0.0/8\n');
    expect(await logger.next()).toMatchObject({ level: 'info' });
    expect(await logger.next()).toMatchObject({
      level: 'warn',
      fields: { count: 1, contested: [{ zone: 'other', goesTo: 'dmz' }] },
    });
  });
});
