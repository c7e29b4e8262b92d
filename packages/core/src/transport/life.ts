/**
 * How far a connection of Node's sockets, or one in memory, has lived.
 *
 * ```
 *          end             both directions ended         told
 *   open ───────▶ finished ──────────────────────▶ closed ──────▶ told
 *     └────── destroyed, reset, broken, failed ──────▲
 * ```
 *
 * - `open`: the owner may write.
 * - `finished`: the owner has called `end`. What it wrote before is on its way.
 * - `closed`: nothing is read or written any more, and the handler was not told.
 * - `told`: the handler knows, and hears of nothing else.
 */
export type Life = 'open' | 'finished' | 'closed' | 'told';

/** Whether nothing is read or written any more. */
export function isOver(life: Life): boolean {
  return life === 'closed' || life === 'told';
}
