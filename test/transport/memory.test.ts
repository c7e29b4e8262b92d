import { byteByByte } from '@inband/core';
import { isShortForm, runs } from '../support/tiers/runs.ts';
import { memoryHarness } from './harnesses.ts';
import { transportConformance } from './transport-suite.ts';

const KIBIBYTE = 1024;

// As much as many windows hold. volume.slow.test.ts has more of the bulk, memory-pieces.slow.test.ts pieces of any size.
transportConformance('memory', () => memoryHarness({ largest: runs(8 * 1024) * KIBIBYTE }));
// It takes seconds, and so is not in the short form.
if (!isShortForm) {
  transportConformance('memory, one byte at a time', () =>
    memoryHarness({ split: byteByByte, window: 1024, largest: runs(48) * KIBIBYTE }),
  );
}
