import { describe, expect, test } from 'vitest';
import { isLeftOut, loadCases } from './cases.ts';
import { memoryNet } from './net.ts';
import { runCase } from './run-case.ts';
import { isSlow } from './settings.ts';
import { type Variant, variantsOf } from './variants.ts';

describe('in memory', () => {
  for (const oneCase of loadCases().filter((each) => !isLeftOut(each))) {
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
});
