/**
 * What has become of the peer's direction.
 *
 * ```
 *          hang-up                eof
 *   open ───────────▶ eof-pending ───▶ ended
 *     └──────────────────eof────────────▲
 * ```
 *
 * - `open`: the peer may send more.
 * - `eof-pending`: the kernel has said that the peer's end, or an error, is behind what is left to read. It says so once,
 *   so whatever is left has to be read without another event. A hang-up in this state changes nothing.
 * - `ended`: the end was read and the handler was told. A hang-up changes nothing, and there are no more bytes.
 */
export type Reading = 'open' | 'eof-pending' | 'ended';

/** `hang-up`: EPOLLRDHUP, EPOLLHUP or EPOLLERR, or sending failed. `bytes`, `eof`: what `recv` or `splice` came to. */
export type ReadingStep = 'hang-up' | 'bytes' | 'eof';

/**
 * What has become of our direction.
 *
 * ```
 *           end           all-sent
 *   open ────────▶ ending ────────▶ fin-sent       any of these
 *     │                                ▲                │
 *     │  end-last          all-sent    │                │ fail
 *     └─────────▶ closing ─────────────┘                ▼
 *                                                     failed
 * ```
 *
 * - `open`: the owner may write.
 * - `ending`: the owner called `end`; what is queued goes out, then FIN.
 * - `closing`: the owner called `end(true)`, because the peer is known to send nothing more. It differs from `ending` only in
 *   that the connection is closed when all has left, unless something is left to read.
 * - `fin-sent`: FIN has left, by shutdown or because the connection is being closed.
 * - `failed`: the kernel has refused bytes (in `fin-sent` those that another connection splices to this one). What the peer
 *   sent before is still read; then the connection closes with the error.
 */
export type Writing = 'open' | 'ending' | 'closing' | 'fin-sent' | 'failed';

/** `end`, `end-last`: what the owner called. `all-sent`, `fail`: what sending came to. */
export type WritingStep = 'end' | 'end-last' | 'all-sent' | 'fail';

/** Where `step` leads. In checked mode a step that cannot be is thrown; otherwise it changes nothing. */
export function nextReading(reading: Reading, step: ReadingStep, checked: boolean): Reading {
  switch (step) {
    case 'hang-up':
      return reading === 'ended' ? reading : 'eof-pending';
    case 'bytes':
      if (reading !== 'ended') return reading;
      break;
    case 'eof':
      if (reading !== 'ended') return 'ended';
  }
  if (checked) throw new IllegalStepError(`reading is '${reading}'`, step);
  return reading;
}

/** Where `step` leads. In checked mode a step that cannot be is thrown; otherwise it changes nothing. */
export function nextWriting(writing: Writing, step: WritingStep, checked: boolean): Writing {
  switch (step) {
    case 'end':
      if (writing === 'open') return 'ending';
      break;
    case 'end-last':
      if (writing === 'open') return 'closing';
      break;
    case 'all-sent':
      if (writing === 'ending' || writing === 'closing') return 'fin-sent';
      break;
    case 'fail':
      if (writing !== 'failed') return 'failed';
  }
  if (checked) throw new IllegalStepError(`writing is '${writing}'`, step);
  return writing;
}

/** A connection was led where no connection can get: a bug of this transport. Thrown in checked mode only. */
export class IllegalStepError extends Error {
  override readonly name = 'IllegalStepError';

  constructor(state: string, step: string) {
    super(`The epoll transport is broken: '${step}' cannot happen while ${state}`);
  }
}
