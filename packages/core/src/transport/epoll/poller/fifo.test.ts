import { expect, test } from 'vitest';
import { Fifo } from './fifo.ts';

test('gives items back in their order, and what is put in meanwhile after them', () => {
  const fifo = new Fifo<{ name: string }>();
  const taken: string[] = [];
  for (const name of ['a', 'b']) fifo.push({ name });
  for (let item = fifo.take(); item !== undefined; item = fifo.take()) {
    taken.push(item.name);
    if (item.name === 'a') fifo.push({ name: 'c' });
    if (item.name === 'c') fifo.push({ name: 'd' });
  }
  expect(taken).toEqual(['a', 'b', 'c', 'd']);
  expect(fifo.length).toBe(0);
  fifo.push({ name: 'e' });
  expect(fifo.length).toBe(1);
  expect(fifo.take()).toEqual({ name: 'e' });
  expect(fifo.take()).toBeUndefined();
});
