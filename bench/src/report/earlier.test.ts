import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Sample } from '../figures/metrics.ts';
import { joinEarlier, readEarlier, requireJoinable } from './earlier.ts';
import type { ReportInput } from './report-input.ts';

function sample(round: number, processor: number): Sample {
  return { case: '1', peer: 'nginx', round, figures: { processor }, faults: [] };
}

function run(samples: Sample[], more: Partial<ReportInput> = {}): ReportInput {
  return {
    workloads: [{ cases: [{ id: '1' }] }] as unknown as ReportInput['workloads'],
    samples,
    participants: [{ name: 'nginx', family: 'c', version: '1.22.1' }],
    machine: { processor: 'one', node: 'v26' } as ReportInput['machine'],
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

test('the rounds of a run follow those of the earlier ones, with what was said about them', () => {
  const first = run([sample(0, 9), sample(1, 10), sample(2, 11)], {
    date: 'first',
    fixedRate: 5,
    notes: ['it was late'],
  });
  const second = run([sample(0, 8), sample(1, 12)], { rounds: 1, date: 'second', notes: ['so'] });
  const joined = joinEarlier(
    joinEarlier(first, second),
    run([sample(1, 13)], { rounds: 1, date: 'third', fixedRate: 7 }),
  );
  expect(joined.rounds).toBe(4);
  expect(joined.samples.map(({ round, figures }) => [round, figures.processor])).toEqual([
    [0, 9],
    [1, 10],
    [2, 11],
    [0, 8],
    [3, 12],
    [4, 13],
  ]);
  expect(joined.notes).toEqual(['in the run of first it was late', 'in the run of second so']);
  expect(joined).toMatchObject({
    date: 'third',
    fixedRate: 7,
    earlier: [{ date: 'first', fixedRate: 5 }, { date: 'second' }],
  });
});

test('runs of the same are joined', () => {
  expect(() => requireJoinable(run([sample(1, 1)]), run([]))).not.toThrow();
});

test.each<[string, Partial<ReportInput>]>([
  ['seconds', { seconds: 2 }],
  ['quick', { quick: true }],
  ['participants', { participants: [] }],
  ['machine', { machine: { processor: 'two', node: 'v26' } as ReportInput['machine'] }],
  ['machine', { machine: { processor: 'one', node: 'v25' } as ReportInput['machine'] }],
  ['originName', { originName: 'another' }],
  ['cases', { samples: [] }],
])('a run with other %s is not joined', (what, more) => {
  expect(() => requireJoinable(run([sample(1, 1)], more), run([]))).toThrow(what);
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
