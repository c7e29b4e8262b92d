import { describe, expect, test } from 'vitest';
import type { Sample } from '../figures/metrics.ts';
import { allWorkloads } from '../workloads.ts';
import { formatSpread, markdownReport } from './markdown.ts';
import type { ReportInput } from './report-input.ts';
import { table } from './table.ts';

const workloads = allWorkloads(true).filter(({ number }) => number === 1);

function sample(peer: string, round: number, processor: number, faults: string[] = []): Sample {
  return { case: '1', peer, round, figures: faults.length === 0 ? { processor, rate: 1e6 / processor } : {}, faults };
}

function input(samples: Sample[]): ReportInput {
  return {
    workloads,
    samples,
    participants: [
      { name: 'inband-node', family: 'ours', version: '0.1.0' },
      { name: 'nginx', family: 'c', version: '1.22.1' },
    ],
    machine: {
      processor: 'Some (x64)',
      cores: 2,
      memory: 8 * 2 ** 30,
      system: 'Debian',
      kernel: '6.1',
      node: 'v26.0.0',
      descriptors: 20_000,
      loadBefore: 0.1,
    },
    quick: false,
    rounds: 3,
    seconds: 3,
    fixedRate: undefined,
    date: '2026-01-02T03:04:05.000Z',
    notes: [],
    originName: 'nginx 1.22.1',
  };
}

const good = [10, 12, 11].flatMap((value, index) => [
  sample('inband-node', index + 1, value),
  sample('nginx', index + 1, 20),
]);

describe('markdownReport', () => {
  test('holds the figures, the ratios with their extremes, and whether the bar is met', () => {
    const text = markdownReport(input(good));
    expect(text).toContain('| inband-node | 11.0 (10.0–12.0) |');
    expect(text).toContain('| inband-node | 0.55 (0.50–0.60) |');
    expect(text).toContain('| nginx | inband-node | ≤ 1.00 | 0.55 (0.50–0.60) | met |');
    expect(text).toContain('Every answer of every measurement was complete and right.');
  });

  test('says loudly what is void, and does not count it', () => {
    const text = markdownReport(input([...good, sample('nginx', 4, 1, ['3 answers with an error status'])]));
    expect(text).toContain('## VOID');
    expect(text).toContain('- **nginx**, case 1, round 4: 3 answers with an error status');
    expect(text).toContain('| nginx | 20.0 (20.0–20.0) |');
  });

  test('says of a missed bar that it was missed', () => {
    const text = markdownReport(input([sample('inband-node', 1, 30), sample('nginx', 1, 20)]));
    expect(text).toContain('| ≤ 1.00 | 1.50 | **missed** |');
  });

  test('names machine and versions', () => {
    const text = markdownReport(input(good));
    expect(text).toContain('| nginx | 1.22.1 |');
    expect(text).toContain('| system | Debian, Linux 6.1 |');
  });
});

test('table escapes what would end a cell', () => {
  expect(table(['a'], [['x|y']])).toBe('| a |\n| --- |\n| x\\|y |');
});

test('formatSpread of one round has no extremes, of none a dash', () => {
  const format = (value: number) => value.toFixed(1);
  expect(formatSpread({ median: 2, min: 2, max: 2, count: 1 }, format)).toBe('2.0');
  expect(formatSpread(undefined, format)).toBe('–');
});

test('ratios to the program before a change are told by themselves, with their middle half', () => {
  const rounds = [10, 12, 11, 30].flatMap((value, index) => [
    sample('inband-node', index + 1, value),
    sample('before-node', index + 1, 20),
  ]);
  const participants = ['inband-node', 'before-node'].map((name) => ({
    name,
    family: 'node' as const,
    version: '0.1.0',
  }));
  const text = markdownReport({ ...input(rounds), participants });
  expect(text).toContain('| 1: 100-byte answer | inband-node | 20.0 | 11.5 | 0.575 | 0.500–0.600 | 0.500 | 4 |');
  expect(markdownReport(input(good))).not.toContain('Before and after');
});
