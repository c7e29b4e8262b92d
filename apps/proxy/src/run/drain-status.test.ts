import { describe, expect, test, vi } from 'vitest';
import type { LogSink } from '../log/outputs/log-batch.ts';
import { drainingText, showDraining } from './drain-status.ts';

describe('what a shutdown waits for', () => {
  test('is said with the number of connections and the rest of the time', () => {
    expect(drainingText(1, 27_400)).toBe('1 connection open, 28 s left; Ctrl-C again to stop now');
    expect(drainingText(3, -5)).toBe('3 connections open, 0 s left; Ctrl-C again to stop now');
  });

  test('is shown each second on a terminal, in one line that is removed at the end', () => {
    vi.useFakeTimers();
    const lines: string[] = [];
    const sink: LogSink = {
      write: (bytes) => void lines.push(bytes.toString()),
      flush: (done) => done(),
      flushSync: () => undefined,
    };
    const show = (isTerminal: boolean): (() => void) =>
      showDraining({ times: { grace: 3_000, tunnels: 5_000 }, open: () => 2, output: () => sink, isTerminal });
    show(false)();
    expect(lines).toEqual([]);
    const stop = show(true);
    vi.advanceTimersByTime(2_000);
    stop();
    vi.useRealTimers();
    const first = '2 connections open, 5 s left; Ctrl-C again to stop now';
    expect(lines).toHaveLength(4);
    expect(lines[0]).toBe(`\r${first}\r`);
    expect(lines[3]).toBe(`\r${' '.repeat(first.length)}\r`);
  });
});
