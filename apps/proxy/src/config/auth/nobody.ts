import type { AuthPrepareContext } from '@inband/core';

/** Warns of an option that was read well and lets nobody log in: one without users, or without tokens. */
export function warnOfNobody(
  content: ReadonlyMap<string, unknown>,
  option: readonly string[],
  { warn }: AuthPrepareContext,
): void {
  if (content.size === 0) warn('it names nobody, so nobody can log in this way.', option);
}
