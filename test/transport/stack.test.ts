import { memoryHarness } from './harnesses.ts';
import { throughStack } from './through-stack.ts';
import { transportConformance } from './transport-suite.ts';

transportConformance('between stacked proxies', () => memoryHarness({}, throughStack));
