import { runs } from '../support/tiers/runs.ts';
import { memoryHarness } from './harnesses.ts';
import { throughStack } from './through-stack.ts';
import { transportConformance } from './transport-suite.ts';

// As much as many windows hold; volume.slow.test.ts has more of the bulk.
transportConformance('between stacked proxies', () => memoryHarness({ largest: runs(8 * 1024) * 1024 }, throughStack));
