import { expect, test } from 'vitest';
import { createTestTransport, testTransport } from '../../support/transport.ts';
import { soak } from './soak.ts';

/** A short form; `main.ts` runs as many as are asked for. */
const EXCHANGES = 3000;

test(`nobody gets anything of another's, whatever servers answer and leave behind (${testTransport})`, async () => {
  const { crossTalk, problems, exchanges, regular, mended, refused, repaired, reused } = await soak(
    EXCHANGES,
    createTestTransport(),
  );
  expect([crossTalk, problems]).toEqual([[], []]);
  expect({ exchanges, all: regular + mended + refused }).toEqual({ exchanges: EXCHANGES, all: EXCHANGES });
  // The log says so of each that was mended, and of no other.
  expect(repaired).toBe(mended);
  expect(Math.min(regular, mended, refused, reused)).toBeGreaterThan(EXCHANGES / 20);
}, 120_000);
