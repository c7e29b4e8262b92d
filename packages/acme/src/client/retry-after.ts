/** Most milliseconds that the CA's wish to be left alone is heeded for: a wrong date must not end renewal for good. */
const LONGEST = 24 * 3_600_000;

/**
 * When to ask again by a `Retry-After` field (RFC 9110 section 10.2.3): seconds or a date. Milliseconds since 1970, a day from `now` at
 * most, or undefined if there is no such field, or one that means nothing.
 */
export function retryAfter(field: string | undefined, now: number): number | undefined {
  if (field === undefined) return undefined;
  const at = /^\d{1,10}$/u.test(field) ? now + Number(field) * 1000 : Date.parse(field);
  return Number.isNaN(at) ? undefined : Math.min(Math.max(at, now), now + LONGEST);
}
