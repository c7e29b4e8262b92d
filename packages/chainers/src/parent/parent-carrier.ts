import {
  AccessDeniedError,
  BeyondParentError,
  type CarriedTarget,
  type Carrier,
  type EstablishOptions,
  type MaybePromise,
  ProxyError,
  type ServerConnection,
  type Session,
  toProxyError,
} from '@inband/core';
import type { PoolMember } from '../pool/members/pool-member.ts';
import { PoolNote } from '../pool/members/pool-note.ts';
import type { Pool } from '../pool/pool.ts';
import type { ParentConnector } from './parent-connector.ts';

/**
 * Has parents connect to the servers of another chainer. A session is counted at each parent that it was given, until it ends: that chainer
 * may try several servers.
 */
export class ParentCarrier implements Carrier {
  readonly #pool: Pool;
  readonly #connector: ParentConnector;
  readonly #notes = new WeakMap<Session, PoolNote[]>();

  constructor(pool: Pool, connector: ParentConnector) {
    this.#pool = pool;
    this.#connector = connector;
  }

  get resolvesNames(): boolean {
    return this.#connector.resolvesNames;
  }

  async carry(session: Session, to: CarriedTarget, how: EstablishOptions): Promise<ServerConnection> {
    const pool = this.#pool;
    if (!pool.isReady) await pool.source.ready(session);
    // Nobody would count it back.
    if (session.aborted) throw new ProxyError('connection_terminated', 'The session has ended.', { fault: 'client' });
    const note = this.#noteFor(session);
    for (;;) {
      const member = pool.take(session, note) ?? (await this.#waitForRoom(session, note));
      try {
        const connection: MaybePromise<ServerConnection> = this.#connector.carry(session, member, to, how);
        return await connection;
      } catch (cause) {
        const error = toProxyError(cause);
        pool.leave(note);
        if (error instanceof AccessDeniedError || error instanceof BeyondParentError || session.aborted) throw error;
        note.exclude(member);
        if (error.fault === 'server') pool.health.failed(member, error);
        if (!pool.retry.isForConnect || !pool.hasAnother(note)) throw error;
      }
    }
  }

  sessionEnded(session: Session): void {
    for (const note of this.#notes.get(session) ?? []) {
      const { member } = note;
      this.#pool.leave(note);
      if (member !== undefined) this.#pool.health.succeeded(member, undefined);
    }
    this.#notes.delete(session);
  }

  #waitForRoom(session: Session, note: PoolNote): MaybePromise<PoolMember> {
    if (!this.#pool.mayWait(note)) throw this.#pool.noneLeft();
    return this.#pool.waitForRoom(session, note);
  }

  #noteFor(session: Session): PoolNote {
    const note = new PoolNote();
    const notes = this.#notes.get(session);
    if (notes === undefined) this.#notes.set(session, [note]);
    else notes.push(note);
    return note;
  }
}
