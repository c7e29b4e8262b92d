import type { AnswerField, Session } from '@inband/core';
import type { StickyCookie } from '../affinity/sticky-cookie.ts';
import type { PoolMember } from './pool-member.ts';
import { PoolNote } from './pool-note.ts';

/** Brings clients back to the servers that their cookies name. */
export class StickyClients {
  readonly cookie: StickyCookie<PoolMember>;
  readonly #isUsable: (member: PoolMember) => boolean;

  /** `isUsable`: whether a server may have sessions that are to have it. */
  constructor(cookie: StickyCookie<PoolMember>, isUsable: (member: PoolMember) => boolean) {
    this.cookie = cookie;
    this.#isUsable = isUsable;
  }

  /** The server that the client's cookie names, if the session can have it. */
  serverFor(session: Session, note: PoolNote): PoolMember | undefined {
    // The cookie is not in the request of another try.
    const named = (note.named ??= this.cookie.serverOf(session));
    return named !== undefined && !note.isExcluded(named) && this.#isUsable(named) ? named : undefined;
  }

  /** Has the client come back to the server that it has now, unless it does so, or the server that it comes back to is only full. */
  fieldsFor(session: Session): readonly AnswerField[] | undefined {
    const { chainerNote: note } = session;
    if (!(note instanceof PoolNote) || note.last === undefined || note.last === note.named) return undefined;
    if (note.named !== undefined && !note.hasFailed(note.named) && this.#isUsable(note.named)) return undefined;
    return [this.cookie.fieldFor(note.last, session)];
  }
}
