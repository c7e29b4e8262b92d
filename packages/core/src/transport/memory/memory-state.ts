/**
 * What has become of the peer's direction.
 *
 * ```
 *          its end          read, and told
 *   open ──────────▶ eof-pending ──────────▶ ended
 * ```
 *
 * - `open`: the peer may send more.
 * - `eof-pending`: the peer has ended or closed its end, or has hung up, and the handler was not told. What it still writes is dropped.
 * - `ended`: what came before the end was read, and the handler was told.
 */
export type Reading = 'open' | 'eof-pending' | 'ended';

/**
 * How far an end of a connection in memory has lived.
 *
 * ```
 *          end             both ended                  told
 *   open ───────▶ finished ──────────▶ closed ────────────────▶ told
 *     └──── destroyed, reset, broken ────▲
 * ```
 *
 * - `open`: the owner may write.
 * - `finished`: the owner has called `end`. What it wrote before is on its way.
 * - `closed`: nothing is read or written any more, and the handler was not told.
 * - `told`: the handler knows, and hears of nothing else.
 */
export type Life = 'open' | 'finished' | 'closed' | 'told';

/**
 * Whether the owner waits for `drained`.
 *
 * ```
 *   none ── a write returned false ──▶ awaited ── the peer has read ──▶ due ── told ──▶ none
 *                                         ▲──── a write returned false ────┘
 * ```
 */
export type Drain = 'none' | 'awaited' | 'due';
