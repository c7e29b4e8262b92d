import { describe } from 'vitest';
import { testInMemory } from './in-memory.ts';
import { slowVariantsOf } from './variants.ts';

describe('requests that arrive in all other ways, in memory', () =>
  testInMemory(slowVariantsOf, ({ side }) => side === 'request'));
