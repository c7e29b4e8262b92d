import { describe } from 'vitest';
import { testInMemory } from './in-memory.ts';

describe('requests that are not to be forwarded, in memory', () =>
  testInMemory(({ side, expect }) => side === 'request' && expect.kind !== 'forward'));
