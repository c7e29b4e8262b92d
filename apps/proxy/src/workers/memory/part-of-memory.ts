import { MAX_WORKERS } from '../../config/known/constants.ts';

/**
 * The part of the memory that workers share for the worker `number` of `size`: that of its number, or one behind all numbers while a process of the
 * same number finishes. `used`: the parts of all processes.
 */
export function partOfMemory(number: number, size: number, used: ReadonlySet<number>): number {
  if (!used.has(number)) return number;
  let free = size + 1;
  while (used.has(free)) free += 1;
  return Math.min(free, MAX_WORKERS);
}
