/**
 * What came of a stream while its owner had paused, and is held back until it resumes. A stream reads on for a while after `pause`, and holds
 * back neither its end nor that it closes.
 *
 * ```
 *             its end          it closes
 *   nothing ─────────▶ end ─────────────▶ end-and-close
 *      ▲── told both, or destroyed ─┴───────────┘
 * ```
 */
export type Held = 'nothing' | 'end' | 'end-and-close';
