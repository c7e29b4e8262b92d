import { describe, expect, test } from 'vitest';
import { parseAb } from './ab.ts';

const good = [
  'Concurrency Level:      64',
  'Time taken for tests:   1.503 seconds',
  'Complete requests:      825',
  'Failed requests:        0',
  'Total transferred:      442736 bytes',
];

describe('parseAb', () => {
  test('finds what was completed, and in which time', () => {
    expect(parseAb(good.join('\n'))).toEqual({ completed: 825, duration: 1_503_000, faults: [] });
  });

  test.each([
    ['Failed requests:        3', 'Failed requests: 3'],
    ['Non-2xx responses:      2', 'Non-2xx responses: 2'],
  ])('"%s" makes a run void', (line, fault) => {
    const lines = [...good.filter((other) => !other.startsWith(line.slice(0, 8))), line];
    expect(parseAb(lines.join('\n')).faults).toEqual([fault]);
  });

  test('a run that did not come to its end is void', () => {
    expect(parseAb('connect: Connection refused (111)').faults).toEqual([
      'ab failed: connect: Connection refused (111)',
    ]);
  });
});
