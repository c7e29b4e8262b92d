import { withoutEscapes } from './named-values.ts';
import { normalisePath, otherReadings } from './normalise-path.ts';

/**
 * The paths that servers may read in `path`, in lower case and normalised, for rules that deny: as it is written, as {@link otherReadings} has
 * it, and as servers do that take repeated and escaped slashes for one, that leave out parameters (`/admin;x/`, `/..;/`), and that decode
 * twice (`/%2561dmin/`).
 */
export function lenientReadings(path: string): readonly string[] {
  const query = path.indexOf('?');
  const bare = query === -1 ? path : path.slice(0, query);
  const texts = bare.includes('%25') ? [bare, withoutEscapes(bare)] : [bare];
  const readings = texts.flatMap((text) => [text, ...otherReadings(text)]);
  const merged = readings.map((reading) => reading.replaceAll(/%2f|%5c|\\/gi, '/'));
  const plain = merged.map((reading) => reading.replaceAll(/(?:;|%3b)[^/]*/gi, ''));
  const squeezed = [...merged, ...plain].map((reading) => reading.replaceAll(/\/{2,}/g, '/'));
  return [...new Set([...readings, ...squeezed].map((reading) => normalisePath(reading).toLowerCase()))];
}
