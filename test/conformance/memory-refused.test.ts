import { describe } from 'vitest';
import { testInMemory } from './in-memory.ts';
import { fastVariantsOf } from './variants.ts';

describe('requests that are not to be forwarded, in memory', () =>
  testInMemory(fastVariantsOf, ({ side, expect }) => side === 'request' && expect.kind !== 'forward'));
