import { describe, expect, test } from 'vitest';
import { BAR, evaluate, type Requirement } from './bar.ts';
import type { Sample } from './metrics.ts';
import { allWorkloads } from '../workloads.ts';

function sample(peer: string, round: number, processor: number, caseId = '1'): Sample {
  return { case: caseId, peer, round, figures: { processor, throughput: processor }, faults: [] };
}

const atMostOne: Requirement = {
  title: 't',
  cases: ['1'],
  metric: 'processor',
  against: { peers: ['a', 'b'] },
  limit: 1,
};

describe('evaluate', () => {
  test('takes the median of the rounds, and of several peers the one that makes the worst ratio in each', () => {
    const samples = [
      sample('ours', 1, 10),
      sample('a', 1, 20),
      sample('b', 1, 10),
      sample('ours', 2, 12),
      sample('a', 2, 10),
      sample('b', 2, 24),
      sample('ours', 3, 9),
      sample('a', 3, 10),
      sample('b', 3, 18),
    ];
    const [evaluation] = evaluate(samples, ['ours'], [atMostOne]);
    expect(evaluation?.ratio).toEqual({ median: 1, min: 0.9, max: 1.2, count: 3 });
    expect(evaluation?.met).toBe(true);
  });

  test('for throughput the smallest ratio is the worst, and it must reach the limit', () => {
    const more: Requirement = { ...atMostOne, metric: 'throughput', atLeast: true, limit: 0.95 };
    const [evaluation] = evaluate([sample('ours', 1, 90), sample('a', 1, 100), sample('b', 1, 80)], ['ours'], [more]);
    expect([evaluation?.ratio?.median, evaluation?.met]).toEqual([0.9, false]);
  });

  test('compares with a case of our own', () => {
    const own: Requirement = { ...atMostOne, cases: ['1000'], against: { ownCase: '1' }, limit: 1.05 };
    const [evaluation] = evaluate([sample('ours', 1, 11, '1000'), sample('ours', 1, 10, '1')], ['ours'], [own]);
    expect([evaluation?.ratio?.median, evaluation?.met]).toEqual([1.1, false]);
  });

  test('says nothing of what was not measured or is void', () => {
    const failed = { ...sample('a', 1, 10), faults: ['1 timeouts'] };
    const [evaluation] = evaluate([sample('ours', 1, 10), failed], ['ours'], [atMostOne]);
    expect([evaluation?.ratio, evaluation?.met]).toEqual([undefined, undefined]);
  });
});

test('every case that the bar names is one of the workloads', () => {
  const known = new Set(allWorkloads(false).flatMap(({ cases }) => cases.map(({ id }) => id)));
  const named = BAR.flatMap(({ cases, against }) => [...cases, ...('ownCase' in against ? [against.ownCase] : [])]);
  expect(named.filter((id) => !known.has(id))).toEqual([]);
});
