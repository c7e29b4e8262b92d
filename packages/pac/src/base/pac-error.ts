/**
 * What went wrong:
 * - `text`: the file is none, or has an error.
 * - `answer`: the file threw, or answered with what is no text.
 * - `limit`: a call took too long or too much memory.
 * - `unavailable`: there is no file yet, or too many calls wait.
 */
export type PacErrorKind = 'text' | 'answer' | 'limit' | 'unavailable';

/** Why a PAC file has no answer. The message is one sentence. */
export class PacError extends Error {
  override readonly name = 'PacError';
  readonly kind: PacErrorKind;

  constructor(kind: PacErrorKind, message: string) {
    super(message);
    this.kind = kind;
  }
}
