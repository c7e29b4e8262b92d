import { z } from 'zod';

/** That machines have found a server down. */
const hint = z.object({
  /** Which machines: two at most. */
  by: z.array(z.string()),
  /** When the first of them said so, by the clock of the store. */
  at: z.number(),
});

/** By the address of the server. */
const hints = z.record(z.string(), hint);

export type Hints = Readonly<Record<string, { readonly by: readonly string[]; readonly at: number }>>;

/** What is stored; nothing where that is something else. */
export function parseHints(text: string | undefined): Hints {
  if (text === undefined) return {};
  try {
    const parsed = hints.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : {};
  } catch {
    return {};
  }
}

/** Whether a machine that has found the server down is to say so: fewer than two have. */
export function worthTelling(known: Hints[string] | undefined, member: string): boolean {
  return known === undefined || (known.by.length < 2 && !known.by.includes(member));
}
