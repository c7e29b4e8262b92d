import type { Session } from '@inband/core';
import type { PickQuery } from '../balance/balancer.ts';
import type { PoolMember } from './pool-member.ts';

/** What a session has in a pool: the server that it is counted at, and those that have failed it. It is the query of its picks, too. */
export class PoolNote implements PickQuery<PoolMember> {
  hash = 0;
  inFlight = 0;
  own: PoolMember | undefined = undefined;
  /** The server that it is counted at. */
  member: PoolMember | undefined = undefined;
  /** The server that it was given last. */
  last: PoolMember | undefined = undefined;
  /** The server that the client's cookie names. */
  named: PoolMember | undefined = undefined;
  /** The session has ended, perhaps while a connection was made for it. */
  isOver = false;
  #failed: Set<PoolMember> | undefined = undefined;

  /** The server has failed the session, which is not to get it again. That was counted. */
  exclude(member: PoolMember): void {
    (this.#failed ??= new Set()).add(member);
  }

  /** Whether a server has failed the session. */
  get hasFailures(): boolean {
    return this.#failed !== undefined;
  }

  hasFailed(member: PoolMember): boolean {
    return this.#failed?.has(member) === true;
  }

  isExcluded(member: PoolMember): boolean {
    return member.isFull || this.hasFailed(member);
  }
}

/** The note of a session, which gets one if it has none. */
export function noteOf(session: Session): PoolNote {
  const { chainerNote } = session;
  if (chainerNote instanceof PoolNote) return chainerNote;
  const note = new PoolNote();
  session.chainerNote = note;
  return note;
}
