import { randomInt } from 'node:crypto';

/** No digits: a head that ends with this name and a "0" ends like a body of chunks, which careless clients look for. */
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const SUFFIX = 6;

let pseudonym: string | undefined;

/**
 * Our name in `Via` and `Proxy-Status` where the configuration gives none. It is random, so that two installations in a row do not
 * take each other for a loop, and one for the whole process, so that a loop through several of its services is one.
 */
export function processPseudonym(): string {
  pseudonym ??= `inband-${Array.from({ length: SUFFIX }, () => LETTERS[randomInt(LETTERS.length)]).join('')}`;
  return pseudonym;
}

/** In a worker, before anything is assembled: it has the name of its supervisor, as the other workers have. */
export function adoptPseudonym(name: string): void {
  pseudonym = name;
}
