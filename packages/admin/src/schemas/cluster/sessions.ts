import { type Static, Type } from 'typebox';
import { Session, sessionExample } from '../sessions.ts';

export const ClusterSession = Type.Object({
  member: Type.String({ description: 'Who serves it.' }),
  ...Session.properties,
});
/** A session, with the member that serves it. */
export type ClusterSession = Static<typeof ClusterSession>;

export const ClusterSessions = Type.Object(
  {
    member: Type.String({ description: 'The one that answers.' }),
    sessions: Type.Array(ClusterSession),
    total: Type.Integer({ description: 'How many of those that members have told match, also beyond the limit.' }),
    members: Type.Array(
      Type.Object({
        name: Type.String(),
        at: Type.String({ description: 'When it told them, by its clock.' }),
        sessions: Type.Integer({ description: 'How many it has.' }),
        told: Type.Integer({ description: 'How many of them it has told: those that last longest.' }),
      }),
    ),
    missing: Type.Array(Type.String(), { description: 'Members that have told nothing yet.' }),
    why: Type.Union([Type.String(), Type.Null()], {
      description: 'Why only the sessions of the member that answers are known.',
    }),
  },
  {
    title: 'Sessions of all members',
    examples: [
      {
        member: 'edge-1',
        sessions: [{ member: 'edge-2', ...sessionExample, worker: 1 }],
        total: 1,
        members: [{ name: 'edge-2', at: '2026-11-28T23:00:12.500Z', sessions: 1, told: 1 }],
        missing: [],
        why: null,
      },
    ],
  },
);
/** What is going on, on all members. */
export type ClusterSessions = Static<typeof ClusterSessions>;
