import { expect, test } from 'vitest';
import { processTag, requestId } from './request-id.ts';

test('an id is the tag of the process and the number of the session', () => {
  expect(processTag).toMatch(/^[0-9a-hjkmnp-tv-z]{8}$/);
  expect(requestId({ id: 1042 })).toBe(`${processTag}-1042`);
});
