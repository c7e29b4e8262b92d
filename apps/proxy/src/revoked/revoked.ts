/** Tokens that are known as revoked at one time. */
export const MOST_REVOKED = 5_000;
/**
 * Bytes of all of them as JSON; their names and those of whoever revoked them may be long. A value of a store has 2 more at most
 * (`MOST_VALUE_BYTES` of `@inband/store`, which is not loaded where there is none).
 */
export const MOST_REVOKED_BYTES = 899_998;
/** Milliseconds for which a token that has expired is still in the list, because clocks differ. */
export const KEPT = 86_400_000;
/** What a token is called: see `RevokedTokens`. */
export const REVOKED_NAME = /^(?:sha256:[0-9a-f]{64}|jti:[\x21-\x7e]{1,128})$/u;

/** A token that is revoked, or was. */
export interface Revoked {
  readonly name: string;
  /** Milliseconds since 1970: the token has expired by then, so that it needs not be known any more. */
  readonly until: number;
  /** Who has revoked it, or taken that back. */
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** How often it was revoked and taken back, this time included: of two that differ the later one counts. */
  readonly change: number;
  /** It was taken back, which is known as long as the other would be: a store with old data must not revoke it again. */
  readonly isRestored: boolean;
}

/** What is known by both: of each token the later change. Those that expire first are dropped where there are too many. */
export function mergeRevoked(one: readonly Revoked[], other: readonly Revoked[]): readonly Revoked[] {
  const byName = new Map(one.map((revoked) => [revoked.name, revoked]));
  for (const revoked of other) {
    const known = byName.get(revoked.name);
    if (known === undefined || revoked.change > known.change) byName.set(revoked.name, revoked);
  }
  const all = [...byName.values()];
  if (hasRoom(all)) return all;
  let bytes = 0;
  return all
    .toSorted((a, b) => b.until - a.until)
    .slice(0, MOST_REVOKED)
    .filter((revoked) => (bytes += bytesOf(revoked)) <= MOST_REVOKED_BYTES);
}

/** Whether so many are known at one time: the store has them as one value. */
export function hasRoom(all: readonly Revoked[]): boolean {
  if (all.length > MOST_REVOKED) return false;
  return all.reduce((sum, revoked) => sum + bytesOf(revoked), 0) <= MOST_REVOKED_BYTES;
}

function bytesOf(revoked: Revoked): number {
  return Buffer.byteLength(JSON.stringify(revoked)) + 1;
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
