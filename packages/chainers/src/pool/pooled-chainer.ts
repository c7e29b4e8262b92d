import {
  AccessDeniedError,
  type AnswerField,
  BeyondParentError,
  type Chainer,
  isPromise,
  type MaybePromise,
  ProxyError,
  type RetriedFailures,
  type ServerConnection,
  type ServerFailure,
  type Session,
  type SessionOutcome,
  toProxyError,
} from '@inband/core';
import type { MemberConnector } from './members/member-connector.ts';
import type { Pool } from './pool.ts';
import type { PoolMember } from './members/pool-member.ts';
import { PoolHedging } from './pool-hedging.ts';
import { noteOf, PoolNote } from './members/pool-note.ts';

/** Gives each session a server of a pool, and connects to it as a connector does. */
export class PooledChainer implements Chainer {
  readonly kind: string;
  readonly pool: Pool;
  readonly looksAtRequest: boolean;
  readonly ownCookie: string | undefined;
  /** Only where clients are brought back to their servers. */
  readonly answerFields?: (session: Session) => readonly AnswerField[] | undefined;
  readonly retriedFailures: RetriedFailures | undefined;
  readonly hedging: PoolHedging | undefined;
  readonly #connector: MemberConnector;

  constructor(kind: string, pool: Pool, connector: MemberConnector) {
    this.kind = kind;
    this.pool = pool;
    this.looksAtRequest = pool.looksAtRequest;
    const { sticky } = pool;
    this.ownCookie = sticky?.cookie.name;
    if (sticky !== undefined) this.answerFields = (session) => sticky.fieldsFor(session);
    this.retriedFailures = pool.retry.failures;
    this.hedging = pool.hedge === undefined ? undefined : new PoolHedging(pool, pool.hedge);
    this.#connector = connector;
  }

  get speaksTls(): boolean {
    return this.#connector.speaksTls;
  }

  start(): void {
    this.pool.start();
  }

  connectServer(session: Session, host: string, port: number): MaybePromise<ServerConnection> {
    if (!this.pool.isReady) return this.#whenReady(session, host, port);
    const note = noteOf(session);
    // It may have a server already: an idle connection turned out to be closed, which says nothing about its server.
    const member = this.pool.take(session, note);
    if (member === undefined) return this.#whenThereIsRoom(session, note, { host, port });
    const result = this.#connector.connect(session, member, host, port);
    return isPromise(result) ? this.#goOn(session, note, { host, port }, { member, result }) : result;
  }

  /** A server that accepts connections and sends nothing counts as failed, as one that does not accept. */
  serverFailed(session: Session, failure: ServerFailure): boolean {
    const note = noteOf(session);
    const { member } = note;
    if (member === undefined) return false;
    if (failure.cause !== 'status' && failure.error.fault !== 'server') return false;
    if (!note.hasFailed(member) && (failure.cause === 'status' || this.blames(failure.error))) {
      this.#count(member, failure);
    }
    note.exclude(member);
    return failure.mayRepeat && this.pool.mayRetry(note, failure);
  }

  sessionEnded(session: Session, outcome: SessionOutcome): void {
    const { chainerNote } = session;
    if (!(chainerNote instanceof PoolNote)) return;
    const { member } = chainerNote;
    chainerNote.isOver = true;
    if (member === undefined) return;
    if (outcome.wait !== undefined && outcome.error === undefined) this.hedging?.answered(outcome.wait);
    if (!chainerNote.hasFailed(member)) this.#judge(session, member, outcome);
    this.pool.leave(chainerNote);
  }

  close(): void {
    this.pool.close();
  }

  /** Whether an error of a session that was connected counts as a failure of its server. */
  protected blames({ fault }: ProxyError): boolean {
    return fault === 'server';
  }

  async #whenReady(session: Session, host: string, port: number): Promise<ServerConnection> {
    await this.pool.source.ready(session);
    // Some names may have been found while others were waited for, so that it did not reject when the session was aborted.
    if (session.aborted) throw clientLeft();
    return this.connectServer(session, host, port);
  }

  async #whenThereIsRoom(session: Session, note: PoolNote, asked: Asked): Promise<ServerConnection> {
    if (!this.pool.mayWait(note)) throw this.pool.noneLeft();
    const member = await this.pool.waitForRoom(session, note);
    const result = this.#connector.connect(session, member, asked.host, asked.port);
    return this.#goOn(session, note, asked, { member, result });
  }

  /** Waits for the first attempt, and makes further ones at other servers until one succeeds: nothing was sent so far. */
  async #goOn(
    session: Session,
    note: PoolNote,
    asked: Asked,
    first: { readonly member: PoolMember; readonly result: MaybePromise<ServerConnection> },
  ): Promise<ServerConnection> {
    let { member, result } = first;
    for (;;) {
      try {
        return await result;
      } catch (cause) {
        const error = toProxyError(cause);
        const isFinal = isAboutTarget(error) || session.aborted || note.isOver;
        if (!isFinal) this.#failed(note, member, error);
        if (isFinal || !this.pool.retry.isForConnect) {
          this.pool.leave(note);
          throw error;
        }
        member = await this.#another(session, note, error);
        result = this.#connector.connect(session, member, asked.host, asked.port);
      }
    }
  }

  /** Another server for a session that could not be connected. Throws `error` if none is left. */
  #another(session: Session, note: PoolNote, error: ProxyError): MaybePromise<PoolMember> {
    const next = this.pool.take(session, note);
    if (next !== undefined) return next;
    if (!this.pool.mayWait(note)) throw error;
    return this.pool.waitForRoom(session, note);
  }

  #failed(note: PoolNote, member: PoolMember, error: ProxyError): void {
    note.exclude(member);
    if (error.fault === 'server') this.pool.health.failed(member, error);
  }

  #count(member: PoolMember, failure: ServerFailure): void {
    if (failure.cause === 'status') this.pool.health.answered(member, failure.status, undefined);
    else this.pool.health.failed(member, failure.error);
  }

  #judge(session: Session, member: PoolMember, outcome: SessionOutcome): void {
    const { error, wait, status } = outcome;
    if (error !== undefined && this.blames(error)) {
      if (!wasStale(outcome)) this.pool.health.failed(member, error);
    } else if (wait !== undefined && error === undefined) this.pool.health.answered(member, status, wait);
    else if (wait !== undefined || isServed(session, error)) this.pool.health.succeeded(member, wait);
  }
}

/** Nobody would count the session back. */
function clientLeft(): ProxyError {
  return new ProxyError('connection_terminated', 'The session ended while the servers were looked up.', {
    fault: 'client',
  });
}

/** Whether no other server would do better, and this one has not failed. */
function isAboutTarget(error: ProxyError): boolean {
  return error instanceof AccessDeniedError || error instanceof BeyondParentError;
}

/** What the client asked for. */
interface Asked {
  readonly host: string;
  readonly port: number;
}

/** Whether the server has closed an idle connection just when a request was sent on it, as every server may. */
function wasStale({ reused, wait, error }: SessionOutcome): boolean {
  return reused && wait === undefined && error?.code === 'connection_terminated';
}

/** A client that has gone before anything was answered says nothing about the server. */
function isServed({ aborted }: Session, error: ProxyError | undefined): boolean {
  return error === undefined && !aborted;
}
