/**
 * What has become of a connection over which TLS is spoken.
 *
 * ```
 *             close-notify                    end
 *   open ───────────────────▶ receive-ended ──────┐
 *     │                                           ├───▶ both-ended
 *     └─────▶ send-ended ─────────────────────────┘
 *       end               close-notify
 *
 *   any of these ── close ──▶ closing ── told ──▶ closed
 *        └──────────────── told ─────────────────────▲
 * ```
 *
 * - `open`: both directions are.
 * - `receive-ended`: the peer's close_notify was read, and the owner was told.
 * - `send-ended`: the owner has called `end`, so close_notify was written.
 * - `closing`: the carrier was destroyed, and its `closed` is awaited.
 * - `closed`: the owner was told.
 */
export type ConnectionState = 'open' | 'receive-ended' | 'send-ended' | 'both-ended' | 'closing' | 'closed';

/** `told`: the carrier has said that it is closed. */
export type ConnectionStep = 'close-notify' | 'end' | 'close' | 'told';

/** Where `step` leads. A step that cannot be changes nothing. */
export function nextState(state: ConnectionState, step: ConnectionStep): ConnectionState {
  switch (step) {
    case 'close-notify':
      if (state === 'open') return 'receive-ended';
      return state === 'send-ended' ? 'both-ended' : state;
    case 'end':
      if (state === 'open') return 'send-ended';
      return state === 'receive-ended' ? 'both-ended' : state;
    case 'close':
      return isOver(state) ? state : 'closing';
    case 'told':
      return 'closed';
  }
}

export function canReceive(state: ConnectionState): boolean {
  return state === 'open' || state === 'send-ended';
}

export function canSend(state: ConnectionState): boolean {
  return state === 'open' || state === 'receive-ended';
}

export function isOver(state: ConnectionState): boolean {
  return state === 'closing' || state === 'closed';
}
