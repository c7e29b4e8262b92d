import * as z from 'zod';

/** One value or a list of values. Its output is a list. An empty list is an error, because it would match nothing. */
export function oneOrMore<Item extends z.ZodType>(item: Item, expected: string) {
  return z
    .union([item, z.array(item).min(1)], { error: `expected ${expected}, or a list of them that is not empty` })
    .transform((written) => (Array.isArray(written) ? written : [written]) as z.output<Item>[]);
}
