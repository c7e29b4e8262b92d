import type { PoolExplanation, Session } from '@inband/core';
import { passedOver } from './members/passed-over.ts';
import type { Members } from './members/members.ts';
import { PoolNote } from './members/pool-note.ts';
import type { PoolDeps } from './pool-deps.ts';

const UNKNOWN = 'Its addresses are not known.';

/** Which server a session would get, and why not each of the others. Undefined while the servers are not known. */
export function explainPool(
  members: Members,
  { source, hashOf, now, whyPicked }: Pick<PoolDeps, 'source' | 'hashOf' | 'now' | 'whyPicked'>,
  session: Session,
): PoolExplanation | undefined {
  if (source.servers === undefined) return undefined;
  const note = new PoolNote();
  note.hash = hashOf(session);
  note.inFlight = members.inFlight;
  const { usable, picked } = members.peek(note, now());
  const candidates = members.all.map((member) => ({
    address: member.id,
    weight: member.weight,
    sessions: member.inFlight,
    passedOver: passedOver(member, usable, now()),
  }));
  const unknown = source.unknown?.() ?? [];
  const missing = unknown.map((written) => ({ address: written, weight: 0, sessions: 0, passedOver: UNKNOWN }));
  const why = whyPicked(members.all.length);
  const because = usable.isPanic ? `${why}; most servers are down, so all are used` : why;
  return { candidates: [...candidates, ...missing], picked: picked?.id, because };
}
