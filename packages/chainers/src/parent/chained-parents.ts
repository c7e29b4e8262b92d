import type {
  AnswerField,
  Chainer,
  MaybePromise,
  RetriedFailures,
  ServerFailure,
  ServerConnection,
  Session,
  SessionOutcome,
} from '@inband/core';

/** What carries sessions, and counts them. */
export interface ParentsOfSessions {
  /** A session has ended that another chainer has connected through the parents. */
  carriedEnded(session: Session): void;
}

/** Another chainer, whose connections go through parents. */
export class ChainedParents implements Chainer {
  readonly kind = 'parent';
  readonly parents: ParentsOfSessions;
  readonly chainer: Chainer;
  readonly looksAtRequest: boolean;
  readonly ownCookie: string | undefined;
  readonly answerFields?: (session: Session) => readonly AnswerField[] | undefined;

  constructor(parents: ParentsOfSessions, chainer: Chainer) {
    this.parents = parents;
    this.chainer = chainer;
    this.looksAtRequest = chainer.looksAtRequest === true;
    this.ownCookie = chainer.ownCookie;
    if (chainer.answerFields !== undefined) this.answerFields = (session) => chainer.answerFields?.(session);
  }

  get retriedFailures(): RetriedFailures | undefined {
    return this.chainer.retriedFailures;
  }

  get speaksTls(): boolean {
    return this.chainer.speaksTls === true;
  }

  connectServer(session: Session, host: string, port: number): MaybePromise<ServerConnection> {
    return this.chainer.connectServer(session, host, port);
  }

  serverFailed(session: Session, failure: ServerFailure): boolean {
    return this.chainer.serverFailed?.(session, failure) === true;
  }

  sessionEnded(session: Session, outcome: SessionOutcome): void {
    this.chainer.sessionEnded?.(session, outcome);
    this.parents.carriedEnded(session);
  }
}
