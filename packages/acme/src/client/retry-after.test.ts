import { expect, test } from 'vitest';
import { retryAfter } from './retry-after.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');

test.each([
  ['120', 120_000],
  ['0', 0],
  ['Thu, 01 Jan 2026 00:05:00 GMT', 300_000],
  ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
  ['9999999999', 86_400_000],
])('"%s" means %i ms from now', (field, milliseconds) => {
  expect(retryAfter(field, NOW)).toBe(NOW + milliseconds);
});

test.each([undefined, 'soon', ''])('%s means nothing', (field) => {
  expect(retryAfter(field, NOW)).toBeUndefined();
});
