/**
 * What has become of a connection over which TLS is spoken.
 *
 * ```
 *             close-notify                    end
 *   open ───────────────────▶ receive-ended ──────┐
 *     │                                           ├───▶ both-ended
 *     ├─────▶ send-ended ─────────────────────────┤
 *     │ end               close-notify            │
 *     └─────▶ finishing ──────────────────────────┘
 *       end-last          close-notify
 *
 *   any of these ── close ──▶ closing ── told ──▶ closed
 *        └──────────────── told ─────────────────────▲
 * ```
 *
 * - `open`: both directions are.
 * - `receive-ended`: the peer's close_notify was read, and the owner was told.
 * - `send-ended`: the owner has called `end`, so close_notify was written.
 * - `finishing`: the same by `end(true)`. Nothing more is expected of the peer, so no end of the carrier is too early.
 * - `closing`: the carrier was destroyed, and its `closed` is awaited.
 * - `closed`: the owner was told.
 */
export type ConnectionState =
  | 'open'
  | 'receive-ended'
  | 'send-ended'
  | 'finishing'
  | 'both-ended'
  | 'closing'
  | 'closed';

/** `end`, `end-last`: what the owner called. `told`: the carrier has said that it is closed. */
export type ConnectionStep = 'close-notify' | 'end' | 'end-last' | 'close' | 'told';

/** Where `step` leads. A step that cannot be changes nothing. */
export function nextState(state: ConnectionState, step: ConnectionStep): ConnectionState {
  switch (step) {
    case 'close-notify':
      if (state === 'open') return 'receive-ended';
      return state === 'send-ended' || state === 'finishing' ? 'both-ended' : state;
    case 'end':
    case 'end-last':
      if (state === 'open') return step === 'end' ? 'send-ended' : 'finishing';
      return state === 'receive-ended' ? 'both-ended' : state;
    case 'close':
      return isOver(state) ? state : 'closing';
    case 'told':
      return 'closed';
  }
}

export function canReceive(state: ConnectionState): boolean {
  return state === 'finishing' || awaitsMore(state);
}

/** Whether the peer has not said that it sends nothing more, and may: then an end without close_notify may have cut something off. */
export function awaitsMore(state: ConnectionState): boolean {
  return state === 'open' || state === 'send-ended';
}

export function canSend(state: ConnectionState): boolean {
  return state === 'open' || state === 'receive-ended';
}

export function isOver(state: ConnectionState): boolean {
  return state === 'closing' || state === 'closed';
}
