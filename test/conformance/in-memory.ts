import { expect, test } from 'vitest';
import { type Case, isLeftOut, loadCases } from './cases.ts';
import { memoryNet } from './net.ts';
import { runCase } from './run-case.ts';
import { isSlow } from './settings.ts';
import type { Variant } from './variants.ts';

/** Milliseconds for all variants of a case. The longest case takes seconds, more beside other work. */
const LONGEST = 60_000;

/**
 * A test for each case that is meant, in the variants that `variantsOf` gives. The cases are in several files, so that they
 * run at the same time. One without variants is skipped.
 */
export function testInMemory(variantsOf: (oneCase: Case) => Variant[], isMeant: (oneCase: Case) => boolean): void {
  const { waiting = [], others = [] } = Object.groupBy(
    loadCases().filter((each) => isMeant(each) && !isLeftOut(each)),
    (each) => (isSlow(each) ? 'waiting' : 'others'),
  );
  // What waits for a timeout can wait together: every run has a network of its own.
  for (const oneCase of waiting) {
    const variants = variantsOf(oneCase);
    test.skipIf(variants.length === 0)(titleOf(oneCase), { timeout: LONGEST, concurrent: true }, async () => {
      const failures = await Promise.all(variants.map((variant) => failureOf(oneCase, variant)));
      expect(failures.join('')).toBe('');
    });
  }
  for (const oneCase of others) {
    const variants = variantsOf(oneCase);
    test.skipIf(variants.length === 0)(titleOf(oneCase), { timeout: LONGEST }, async () => {
      for (const variant of variants) expect(await failureOf(oneCase, variant)).toBe('');
    });
  }
}

function titleOf({ id, note }: Case): string {
  return note === '' ? id : `${id}: ${note}`;
}

/** What went wrong, in words; empty when nothing did. */
async function failureOf(oneCase: Case, variant: Variant): Promise<string> {
  const { ok, why } = await runCase(oneCase, variant, memoryNet(variant.split()));
  return ok ? '' : `${variant.name}: ${why}\n\n`;
}
