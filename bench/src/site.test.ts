import { expect, test } from 'vitest';
import { fill } from './site.ts';

test('fill puts values in all their places', () => {
  expect(fill('listen {{port}}; also {{port}}; {{what}}', { port: 80, what: 'x' })).toBe('listen 80; also 80; x');
});

test('fill refuses a name without a value', () => {
  expect(() => fill('{{prot}}', {})).toThrow('no value for {{prot}}');
});

test('fill refuses a value without a place', () => {
  expect(() => fill('{{a}}', { a: 1, b: 2 })).toThrow('no place for b');
});
