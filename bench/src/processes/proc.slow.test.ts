import { describe, expect, test } from 'vitest';
import {
  parseMemory,
  parseStat,
  readMemory,
  readProcessorTime,
  readTree,
  timeOf,
  treeOf,
  type ProcessStat,
} from './proc.ts';
import { readThreadTime } from './thread-time.ts';

function stat(pid: number, parent: number, times: readonly [number, number, number, number]): ProcessStat {
  const [user, system, childrenUser, childrenSystem] = times;
  return { pid, parent, user, system, childrenUser, childrenSystem };
}

describe('parseStat', () => {
  const line =
    '4242 (a b) c (d) S 17 4242 4242 0 -1 4194560 1200 0 0 0 731 52 13 4 20 0 11 0 88 1 2 3 4 5 6 7 8 9 0 0 0 0 17 1 0 0\n';

  test('counts the fields from the end of the name, which may hold spaces and parentheses', () => {
    expect(parseStat(line)).toEqual(stat(4242, 17, [731, 52, 13, 4]));
  });

  test('refuses what is no stat', () => {
    expect(() => parseStat('nonsense')).toThrow('not a /proc/PID/stat');
  });
});

describe('treeOf', () => {
  const processes = [
    stat(30, 20, [0, 0, 0, 0]),
    stat(10, 1, [0, 0, 0, 0]),
    stat(20, 10, [0, 0, 0, 0]),
    stat(11, 1, [0, 0, 0, 0]),
  ];

  test('holds a process and its descendants at any depth, and no one else', () => {
    expect(treeOf(10, processes).map((each) => each.pid)).toEqual([10, 20, 30]);
  });

  test('is empty when the process has ended', () => {
    expect(treeOf(99, processes)).toEqual([]);
  });
});

test('the time of a tree includes children that were waited for, and is in microseconds', () => {
  expect(timeOf([stat(1, 0, [10, 5, 2, 1]), stat(2, 1, [100, 50, 0, 0])])).toEqual({
    user: 1_120_000,
    system: 560_000,
  });
});

describe('parseMemory', () => {
  test('takes Pss and Rss in bytes, not Pss_Dirty', () => {
    const text =
      '00400000-7ffd ---p 00000000 00:00 0 [rollup]\nRss:                1816 kB\nPss:                 223 kB\nPss_Dirty:           116 kB\n';
    expect(parseMemory(text)).toEqual({ pss: 223 * 1024, rss: 1816 * 1024 });
  });

  test('says what is missing', () => {
    expect(() => parseMemory('Rss: 1 kB\n')).toThrow('no Pss');
  });
});

describe.skipIf(process.platform !== 'linux')('the running process', () => {
  test('is in its own tree, uses memory, and its time grows when it works', () => {
    expect(readTree(process.pid).map((each) => each.pid)).toContain(process.pid);
    expect(readMemory(process.pid).pss).toBeGreaterThan(1024 * 1024);
    const before = readProcessorTime(process.pid);
    const threads = readThreadTime(process.pid);
    const until = process.cpuUsage().user + 50_000;
    while (process.cpuUsage().user < until) Math.sqrt(until);
    expect(readProcessorTime(process.pid).user).toBeGreaterThan(before.user);
    const { all, main } = readThreadTime(process.pid);
    expect(all).toBeGreaterThan(threads.all);
    expect(main).toBeLessThanOrEqual(all);
  });
});
