import { describe } from 'vitest';
import { testInMemory } from './in-memory.ts';

describe('responses, in memory', () => testInMemory(({ side }) => side === 'response'));
