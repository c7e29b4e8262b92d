import { StoreUnavailable } from '../base/errors.ts';

/*
 * Reads what a server has answered. What is at the address of a store may be something else, or something between that answers in its place: a number that
 * is none would be a lock that is held, or a limit without end.
 */

/** `length` values. */
export function listOf(reply: unknown, length: number): readonly unknown[] {
  if (!Array.isArray(reply) || reply.length !== length) throw strange();
  return reply;
}

/** `length` numbers. */
export function numbersOf(reply: unknown, length: number): readonly number[] {
  return listOf(reply, length).map(numberOf);
}

/** A number, which a server may write as a text. */
export function numberOf(reply: unknown): number {
  const number = typeof reply === 'string' && reply !== '' ? Number(reply) : reply;
  if (typeof number !== 'number' || !Number.isFinite(number)) throw strange();
  return number;
}

/** Texts, as many as there are. */
export function textsOf(reply: unknown): readonly string[] {
  if (!Array.isArray(reply) || !reply.every((text) => typeof text === 'string')) throw strange();
  return reply;
}

function strange(): StoreUnavailable {
  return new StoreUnavailable(
    'refused',
    'What answers is not Valkey or Redis: its answer is not one to what was asked.',
  );
}
