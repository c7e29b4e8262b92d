import { expect, test } from 'vitest';
import { describeRequiring } from './requires.ts';
describeRequiring({ commands: ['no-such-thing'] }, 'group', () => {
  test('inner', () => expect(1).toBe(2));
});
