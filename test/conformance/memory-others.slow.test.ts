import { describe } from 'vitest';
import { testInMemory } from './in-memory.ts';
import { slowVariantsOf } from './variants.ts';

describe('responses and tunnels that arrive in all other ways, in memory', () =>
  testInMemory(slowVariantsOf, ({ side }) => side !== 'request'));
