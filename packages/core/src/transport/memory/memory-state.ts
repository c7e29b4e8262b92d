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
 * Whether the owner waits for `drained`.
 *
 * ```
 *          a write returned false            the peer has read
 *   none ────────────────────────▶ awaited ─────────────────────▶ due ── told ──▶ none
 *                                     ▲── a write returned false ──┘
 * ```
 */
export type Drain = 'none' | 'awaited' | 'due';
