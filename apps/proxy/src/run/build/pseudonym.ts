import { randomInt } from 'node:crypto';

/** No digits, because some clients search a response for "0" and an empty line as the end of a chunked body. */
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const SUFFIX = 6;

let pseudonym: string | undefined;

/**
 * Our name in `Via` and `Proxy-Status` where the configuration gives none. It is random, so that two installations in a row do not
 * see a loop in each other, and the same in the whole process, so that a loop through several of its services is seen.
 */
export function processPseudonym(): string {
  pseudonym ??= `inband-${Array.from({ length: SUFFIX }, () => LETTERS[randomInt(LETTERS.length)]).join('')}`;
  return pseudonym;
}

/** For a worker, before anything is assembled: all workers have the name of their supervisor. */
export function adoptPseudonym(name: string): void {
  pseudonym = name;
}
