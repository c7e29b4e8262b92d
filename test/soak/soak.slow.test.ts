import { expect, test } from 'vitest';
import { testTransport } from '../support/transport.ts';
import { isFlat } from './flat.ts';
import { soak } from './soak.ts';

/** A short form; `pnpm soak` runs a million. */
const EXCHANGES = 3000;

test(`nobody gets anything of another's by any chainer, whatever clients and servers do (${testTransport})`, async () => {
  const result = await soak({ exchanges: EXCHANGES, transport: testTransport });
  const { crossTalk, problems, exchanges, states, end, ...counts } = result;
  expect([crossTalk, problems]).toEqual([[], []]);
  const { regular, mended, refused, aborted, malformed, strangers, slow } = counts;
  expect({ exchanges, all: regular + mended + refused + aborted + malformed + strangers }).toEqual({
    exchanges: EXCHANGES,
    all: EXCHANGES,
  });
  expect(Math.min(regular, mended, refused, end.reused, end.repaired)).toBeGreaterThan(EXCHANGES / 30);
  expect(Math.min(aborted, malformed, strangers, slow)).toBeGreaterThan(0);
  expect(isFlat(states, end)).toMatchObject({ isFlat: true });
}, 120_000);
