import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Sample } from '../metrics.ts';
import { joinEarlier, readEarlier, requireJoinable } from './earlier.ts';
import type { ReportInput } from './markdown.ts';

function sample(round: number, processor: number): Sample {
  return { case: '1', peer: 'nginx', round, figures: { processor }, faults: [] };
}

function run(samples: Sample[], more: Partial<ReportInput> = {}): ReportInput {
  return {
    workloads: [],
    samples,
    participants: [{ name: 'nginx', family: 'c', version: '1.22.1' }],
    machine: { processor: 'one', system: 'Linux' } as ReportInput['machine'],
    quick: false,
    rounds: 2,
    seconds: 1,
    fixedRate: undefined,
    date: '2026-11-26T00:00:00.000Z',
    notes: [],
    originName: 'nginx',
    ...more,
  };
}

test('the rounds of a run follow those of the earlier one, with what was said about it', () => {
  const earlier = run([sample(0, 9), sample(1, 10), sample(2, 11)], { notes: ['it was late'] });
  const joined = joinEarlier(earlier, run([sample(0, 8), sample(1, 12)], { rounds: 1, date: 'later', notes: ['so'] }));
  expect(joined.rounds).toBe(3);
  expect(joined.samples.map(({ round, figures }) => [round, figures.processor])).toEqual([
    [0, 9],
    [1, 10],
    [2, 11],
    [0, 8],
    [3, 12],
  ]);
  expect(joined.notes).toEqual(['in the run of 2026-11-26T00:00:00.000Z it was late', 'so']);
  expect([joined.date, joined.joined]).toEqual(['later', earlier.date]);
  expect(() => requireJoinable(earlier, run([]))).not.toThrow();
});

test.each([
  ['seconds', { seconds: 2 }],
  ['quick', { quick: true }],
  ['participants', { participants: [] }],
  ['machine', { machine: { processor: 'two', system: 'Linux' } as ReportInput['machine'] }],
])('a run with other %s is not joined', (what, more) => {
  expect(() => requireJoinable(run([], more), run([]))).toThrow(what);
});

test('a file that is no result is refused', () => {
  const directory = mkdtempSync(join(tmpdir(), 'inband-earlier-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'results.json');
  writeFileSync(path, '{"samples":[]}');
  expect(() => readEarlier(path)).toThrow('is not the results.json of a run');
  writeFileSync(path, JSON.stringify(run([sample(1, 1)])));
  expect(readEarlier(path).samples).toEqual([sample(1, 1)]);
});
