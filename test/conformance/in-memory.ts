import { expect, test } from 'vitest';
import { type Case, isLeftOut, loadCases } from './cases.ts';
import { memoryNet } from './net.ts';
import { runCase } from './run-case.ts';
import { isSlow } from './settings.ts';
import { type Variant, variantsOf } from './variants.ts';

/** A test for each case that is meant, in every variant. The cases are in several files, so that they run at the same time. */
export function testInMemory(isMeant: (oneCase: Case) => boolean): void {
  for (const oneCase of loadCases().filter((each) => isMeant(each) && !isLeftOut(each))) {
    const { id, note } = oneCase;
    // What waits for a timeout can wait together: every run has a network of its own.
    const waits = isSlow(oneCase);
    (waits ? test.concurrent : test)(note === '' ? id : `${id}: ${note}`, async () => {
      const failures: string[] = [];
      const variants = variantsOf(oneCase);
      const run = async (variant: Variant): Promise<void> => {
        const { ok, why } = await runCase(oneCase, variant, memoryNet(variant.split()));
        if (!ok) failures.push(`${variant.name}: ${why}`);
      };
      if (waits) await Promise.all(variants.map(run));
      else while (variants.length > 0 && failures.length === 0) await run(variants.shift()!);
      expect(failures.join('\n\n')).toBe('');
    });
  }
}
