import { normalisePath, otherReadings } from './normalise-path.ts';

/**
 * The paths that servers may read in `path`, in lower case and normalised, for rules that deny: as it is written, as {@link otherReadings} has
 * it, and as servers do that take repeated and escaped slashes for one, and that leave out parameters (`/admin;x/`, `/..;/`).
 */
export function lenientReadings(path: string): readonly string[] {
  const query = path.indexOf('?');
  const bare = query === -1 ? path : path.slice(0, query);
  const readings = [bare, ...otherReadings(bare)];
  const merged = readings.map((reading) => reading.replaceAll(/%2f|%5c|\\/gi, '/'));
  const plain = merged.map((reading) => reading.replaceAll(/;[^/]*/g, ''));
  const squeezed = [...merged, ...plain].map((reading) => reading.replaceAll(/\/{2,}/g, '/'));
  return [...new Set([...readings, ...squeezed].map((reading) => normalisePath(reading).toLowerCase()))];
}
