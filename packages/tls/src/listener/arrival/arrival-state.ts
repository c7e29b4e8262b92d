/**
 * The states of a client until TLS is negotiated. Each leads only to those below it.
 *
 * ```
 * reading ── ClientHello accepted ──▶ handshaking ── done ──▶ handed on
 *    │                                    └── failed, timeout ──▶ closed
 *    ├── its certificate is ordered ──▶ ordering ── there ──▶ handshaking
 *    │                                      └── not in time ──▶ refusing
 *    ├── refused ──▶ refusing (an alert is on its way) ──────────▶ closed
 *    └── timeout, client gone ───────────────────────────────────▶ closed
 * ```
 */
export type ArrivalState = 'reading' | 'ordering' | 'handshaking' | 'refusing' | 'handed on' | 'closed';

/** Whether it is over: somebody else has the connection, or it is closed. */
export function isOver(state: ArrivalState): boolean {
  return state === 'closed' || state === 'handed on';
}
