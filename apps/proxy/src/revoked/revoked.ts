import * as z from 'zod';

/** Tokens that are known as revoked at one time. */
export const MOST_REVOKED = 5_000;
/** What a token is called: see `RevokedTokens`. */
export const REVOKED_NAME = /^(?:sha256:[0-9a-f]{64}|jti:[\x21-\x7e]{1,128})$/u;

const revokedSchema = z.object({
  name: z.string().regex(REVOKED_NAME),
  /** Milliseconds since 1970: the token has expired by then, so that it needs not be known any more. */
  until: z.number(),
  /** Who has revoked it, or taken that back. */
  by: z.string().default(''),
  /** Milliseconds since 1970. */
  at: z.number().default(0),
  /** How often it was revoked and taken back, this time included: of two that differ the later one counts. */
  change: z.int().default(1),
  /** It was taken back, which is known as long as the other would be: a store with old data must not revoke it again. */
  isRestored: z.boolean().default(false),
});
export type Revoked = z.output<typeof revokedSchema>;

const revokedList = z.array(revokedSchema);

/** Reads a list. Undefined for what is none. */
export function readRevoked(text: string): readonly Revoked[] | undefined {
  try {
    const read = revokedList.safeParse(JSON.parse(text));
    return read.success ? read.data : undefined;
  } catch {
    return undefined;
  }
}

/** What is known by both: of each token the later change. Those that expire first are dropped where there are too many. */
export function mergeRevoked(one: readonly Revoked[], other: readonly Revoked[]): readonly Revoked[] {
  const byName = new Map(one.map((revoked) => [revoked.name, revoked]));
  for (const revoked of other) {
    const known = byName.get(revoked.name);
    if (known === undefined || revoked.change > known.change) byName.set(revoked.name, revoked);
  }
  const all = [...byName.values()];
  if (all.length <= MOST_REVOKED) return all;
  return all.toSorted((a, b) => b.until - a.until).slice(0, MOST_REVOKED);
}

/** What they are called. */
export function namesOf(all: readonly Revoked[]): string[] {
  return all.map(({ name }) => name);
}

/** Whether `known` has something that `others` do not know. */
export function knowsMore(known: readonly Revoked[], others: readonly Revoked[]): boolean {
  const changes = new Map(others.map(({ name, change }) => [name, change]));
  return known.some(({ name, change }) => change > (changes.get(name) ?? 0));
}
