import {
  AccessDeniedError,
  type AnswerField,
  type Chainer,
  isPromise,
  type MaybePromise,
  type ProxyError,
  type ServerConnection,
  type Session,
  type SessionOutcome,
  toProxyError,
} from '@inband/core';
import type { MemberConnector } from './members/member-connector.ts';
import type { Pool } from './pool.ts';
import type { PoolMember } from './members/pool-member.ts';
import { noteOf, PoolNote } from './members/pool-note.ts';

/** Gives each session a server of a pool, and connects to it as a connector does. */
export class PooledChainer implements Chainer {
  readonly kind: string;
  readonly pool: Pool;
  readonly looksAtRequest: boolean;
  readonly ownCookie: string | undefined;
  /** Only where clients are brought back to their servers. */
  readonly answerFields?: (session: Session) => readonly AnswerField[] | undefined;
  readonly #connector: MemberConnector;

  constructor(kind: string, pool: Pool, connector: MemberConnector) {
    this.kind = kind;
    this.pool = pool;
    this.looksAtRequest = pool.looksAtRequest;
    const { sticky } = pool;
    this.ownCookie = sticky?.cookie.name;
    if (sticky !== undefined) this.answerFields = (session) => sticky.fieldsFor(session);
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
    // An idle connection turned out to be closed, which says nothing about its server: another one to it is as good as any.
    this.pool.leave(note);
    const member = this.pool.take(session, note);
    if (member === undefined) return Promise.reject(this.pool.noneLeft());
    const result = this.#connector.connect(session, member, host, port);
    return isPromise(result) ? this.#goOn(session, note, { host, port }, { member, result }) : result;
  }

  /** A server that accepts connections and sends nothing counts as failed, as one that does not accept. */
  serverFailed(session: Session, error: ProxyError): boolean {
    const note = noteOf(session);
    const { member } = note;
    if (member === undefined || error.fault !== 'server') return false;
    this.#failed(note, member, error);
    return this.pool.hasAnother(note);
  }

  sessionEnded(session: Session, { error, wait, status }: SessionOutcome): void {
    const { chainerNote } = session;
    if (!(chainerNote instanceof PoolNote)) return;
    const { member } = chainerNote;
    chainerNote.isOver = true;
    if (member === undefined) return;
    this.pool.leave(chainerNote);
    if (error?.fault === 'server') this.pool.failed(member, error);
    else if (wait !== undefined && error === undefined) this.pool.answered(member, status, wait);
    else if (wait !== undefined || isServed(session, error)) this.pool.succeeded(member, wait);
  }

  close(): void {
    this.pool.close();
  }

  async #whenReady(session: Session, host: string, port: number): Promise<ServerConnection> {
    await this.pool.source.ready(session);
    return this.connectServer(session, host, port);
  }

  /** Waits for the first attempt, and makes further ones at other servers until one succeeds: nothing was sent so far. */
  async #goOn(
    session: Session,
    note: PoolNote,
    asked: { readonly host: string; readonly port: number },
    first: { readonly member: PoolMember; readonly result: Promise<ServerConnection> },
  ): Promise<ServerConnection> {
    let { member } = first;
    let result: MaybePromise<ServerConnection> = first.result;
    for (;;) {
      try {
        return await result;
      } catch (cause) {
        const error = toProxyError(cause);
        if (error instanceof AccessDeniedError || session.aborted || note.isOver) {
          this.pool.leave(note);
          throw error;
        }
        this.#failed(note, member, error);
        const next = this.pool.take(session, note);
        if (next === undefined) throw error;
        member = next;
        result = this.#connector.connect(session, member, asked.host, asked.port);
      }
    }
  }

  #failed(note: PoolNote, member: PoolMember, error: ProxyError): void {
    this.pool.leave(note);
    note.exclude(member);
    if (error.fault === 'server') this.pool.failed(member, error);
  }
}

/** A client that has gone before anything was answered says nothing about the server. */
function isServed({ aborted }: Session, error: ProxyError | undefined): boolean {
  return error === undefined && !aborted;
}
