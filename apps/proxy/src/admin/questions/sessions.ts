import { AdminError, type AskedBy, type Session, type SessionQuery, type Sessions } from '@inband/admin';
import {
  findSessions,
  joinSessions,
  type SessionLine,
  sessionLine,
  type SessionsFound,
  sessionWithId,
} from '../../observe/live-sessions.ts';
import type { Answers, ProcessQuestion } from './process-question.ts';

/** The sessions that are going on. */
export const sessions: ProcessQuestion<SessionQuery, SessionsFound, Sessions> = {
  answer: ({ running }, query) => findSessions(running.sessions(), query),
  merge: ({ answers, missing }, query) => {
    const all = answers.flatMap(({ worker, answer }) => answer.sessions.map((line) => ({ worker, ...line })));
    const total = answers.reduce((sum, { answer }) => sum + answer.total, 0);
    return { sessions: joinSessions(all, query), total, missing: [...missing] };
  },
};

/** A session by its id of the log. */
export interface ById {
  readonly id: string;
}

/** One of them. */
export const session: ProcessQuestion<ById, SessionLine | undefined, Session> = {
  answer({ running }, { id }) {
    const live = sessionWithId(running.sessions(), id);
    return live && sessionLine(live);
  },
  merge: oneOf,
};

/** Ends one. Answers with what it was. */
export const endSession: ProcessQuestion<ById & AskedBy, SessionLine | undefined, Session> = {
  answer({ running }, { id, by }) {
    const live = sessionWithId(running.sessions(), id);
    if (live === undefined) return undefined;
    const line = sessionLine(live);
    running.logger.info({ id, admin: by }, 'ending a session');
    live.end();
    return line;
  },
  merge: oneOf,
};

function oneOf({ answers, missing }: Answers<SessionLine | undefined>, { id }: ById): Session {
  for (const { worker, answer } of answers) if (answer !== undefined) return { worker, ...answer };
  const unknown = missing.length === 0 ? '' : ` Workers that did not answer: ${missing.join(', ')}.`;
  const detail = `"${id}" is over, or never was.${unknown}`;
  throw new AdminError({ status: 404, title: 'There is no such session', detail });
}
