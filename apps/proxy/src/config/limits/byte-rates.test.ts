import { expect, test } from 'vitest';
import { bandwidth, minimumRate, quota } from './byte-rates.ts';

test.each([
  ['16KiB/s', { in: 2 ** 14, out: 2 ** 14 }],
  ['20MiB/s', { in: 20 * 2 ** 20, out: 20 * 2 ** 20 }],
  [{ in: '1GiB/s' }, { in: 2 ** 30, out: undefined }],
  [
    { in: '1MiB/s', out: '100000B/s' },
    { in: 2 ** 20, out: 100_000 },
  ],
])('the bandwidth %j is read as %j', (written, meant) => expect(bandwidth.parse(written)).toEqual(meant));

test.each(['20MiB', '20MB/s', '20 MiB/s', '1.5MiB/s', '0KiB/s', '15KiB/s', '1025GiB/s', 20, { up: '1MiB/s' }])(
  'what is no bandwidth is refused: %j',
  (written) => expect(bandwidth.safeParse(written).success).toBe(false),
);

test('a quota is bytes in a day, and keeps how it was written', () => {
  expect(quota.parse('50GiB/day')).toEqual({ bytes: 50 * 2 ** 30, written: '50GiB/day' });
  for (const none of ['50GiB', '50GiB/d', '50GiB/month', '0B/day', '1048577GiB/day', 50]) {
    expect(quota.safeParse(none).success).toBe(false);
  }
});

test('a quota is hard, unless it is said to be soft', () => {
  const soft = { bytes: 2 ** 20, written: '1MiB/day', soft: true };
  expect(quota.parse({ bytes: '1MiB/day', soft: true })).toEqual(soft);
  expect(quota.parse({ bytes: '1MiB/day' })).toEqual({ ...soft, soft: false });
  expect(quota.safeParse({ soft: true }).success).toBe(false);
});

test('a minimum rate holds both ways, or for what is written', () => {
  const slow = { rate: 1024, written: '1KiB/s', grace: 10_000 };
  expect(minimumRate.parse('1KiB/s')).toEqual({ request: slow, response: slow });
  expect(minimumRate.parse({ request: '1KiB/s' })).toEqual({ request: slow, response: undefined });
  expect(minimumRate.parse({ response: '500B/s', grace: '20s' })).toEqual({
    request: undefined,
    response: { rate: 500, written: '500B/s', grace: 20_000 },
  });
  expect(minimumRate.safeParse({ request: '1KiB/s', grace: '999ms' }).success).toBe(false);
});
