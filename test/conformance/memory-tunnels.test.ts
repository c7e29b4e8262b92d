import { describe } from 'vitest';
import { testInMemory } from './in-memory.ts';
import { fastVariantsOf } from './variants.ts';

describe('tunnels, in memory', () => testInMemory(fastVariantsOf, ({ side }) => side === 'connect'));
