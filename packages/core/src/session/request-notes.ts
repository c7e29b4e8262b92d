import type { Session } from './session.ts';

/** What a log may want of a request head, which is gone when its session ends. */
export interface RequestNotes {
  /** `HTTP/1.0` or `HTTP/1.1`. */
  readonly version: string;
  /** Fields as the client wrote them, a character for each byte. */
  readonly referer: string | undefined;
  readonly userAgent: string | undefined;
}

/** Beside the session, so that it costs nothing where nobody asks for it. */
const notes = new WeakMap<object, RequestNotes>();

/** Keeps what was noted as long as the session lives. */
export function noteRequest(session: Session, noted: RequestNotes): void {
  notes.set(session, noted);
}

/** Undefined where nothing was noted: it is not configured, or the request was not understood, or is none of HTTP. */
export function requestNotes(session: Session): RequestNotes | undefined {
  return notes.get(session);
}
