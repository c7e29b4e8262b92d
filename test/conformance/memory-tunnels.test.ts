import { describe } from 'vitest';
import { testInMemory } from './in-memory.ts';

describe('tunnels, in memory', () => testInMemory(({ side }) => side === 'connect'));
