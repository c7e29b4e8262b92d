import { describe, expect, test } from 'vitest';
import { DIRECT, formatFigure, valuesByRound, withAddedLatency, type Figures, type Sample } from './metrics.ts';

function sample(peer: string, round: number, figures: Figures, faults: string[] = []): Sample {
  return { case: '10', peer, round, figures, faults };
}

describe('valuesByRound', () => {
  test('leaves out what is void, of another peer or case, or was not measured', () => {
    const samples = [
      sample('a', 1, { p50: 5 }),
      sample('a', 2, { p50: 6 }, ['1 timeouts']),
      sample('a', 3, { p99: 7 }),
      sample('b', 1, { p50: 8 }),
      { ...sample('a', 4, { p50: 9 }), case: '1' },
    ];
    expect([...valuesByRound(samples, '10', 'a', 'p50')]).toEqual([[1, 5]]);
  });
});

describe('withAddedLatency', () => {
  test('subtracts the straight way of the same round', () => {
    const samples = [
      sample(DIRECT, 1, { p50: 30, p99: 100 }),
      sample(DIRECT, 2, { p50: 40, p99: 120 }),
      sample('a', 1, { p50: 50, p99: 180 }),
      sample('a', 2, { p50: 50, p99: 160 }),
    ];
    const added = withAddedLatency(samples).filter(({ peer }) => peer === 'a');
    expect(added.map(({ figures }) => [figures.addedP50, figures.addedP99])).toEqual([
      [20, 80],
      [10, 40],
    ]);
  });

  test('is never less than one microsecond', () => {
    const samples = [sample(DIRECT, 1, { p50: 30, p99: 100 }), sample('a', 1, { p50: 20, p99: 100 })];
    expect(withAddedLatency(samples)[1]?.figures).toMatchObject({ addedP50: 1, addedP99: 1 });
  });

  test('adds nothing where the straight way is void or was not measured', () => {
    const samples = [sample(DIRECT, 1, { p50: 30, p99: 100 }, ['1 timeouts']), sample('a', 1, { p50: 20, p99: 100 })];
    expect(withAddedLatency(samples)).toEqual(samples);
  });
});

test('figures are shown with the digits of their metric', () => {
  expect([formatFigure('processor', 15.04), formatFigure('rate', 15.5)]).toEqual(['15.0', '16']);
});
