import {
  AccessDeniedError,
  type ChainerDeps,
  isPromise,
  type MaybePromise,
  ProxyError,
  type ServerConnection,
  type Session,
  type SessionOutcome,
  toProxyError,
} from '@inband/core';
import { z } from 'zod';
import { defineDialingPlugin } from '../connect/dialing-chainer.ts';
import { duration } from '../options/duration.ts';
import { configurationError, connecting, type ConnectOptions, connectShape, serverOfPool } from '../options/options.ts';
import type { WrittenServer } from '../options/server-address.ts';
import type { HostList } from '../servers/host-list.ts';
import { ServerListChainer } from '../servers/server-list-chainer.ts';
import { type Balance, balance, balancerOf, hashOf } from './balance-options.ts';
import type { PickQuery } from './balance/balancer.ts';
import { DEFAULT_EJECTION, type EjectionOptions } from './health/ejection.ts';
import { EjectionMarks } from './ejection-marks.ts';
import { Members } from './members.ts';
import { type MemberOptions, PoolMember } from './pool-member.ts';

export interface PoolServerOptions extends MemberOptions {
  readonly address: WrittenServer;
}

export interface PoolOptions extends ConnectOptions {
  /** At least one, each once. */
  readonly servers: readonly PoolServerOptions[];
  readonly balance?: Balance | undefined;
  readonly eject?: Partial<EjectionOptions> | undefined;
}

/** What a session has in a pool: the server that it is counted at, and those that it has tried. */
class PoolNote {
  member: PoolMember | undefined = undefined;
  readonly tried = new Set<PoolMember>();
  /** The session has ended, perhaps while a connection was made for it. */
  isOver = false;
}

/** Spreads sessions over servers, and keeps them from servers that fail. */
export class PoolChainer extends ServerListChainer {
  readonly kind = 'pool';
  readonly #balance: Balance | undefined;
  readonly #members: Members;
  readonly #logger: Pick<ChainerDeps['logger'], 'warn' | 'info'>;
  readonly #now: () => number;
  #wasPanic = false;

  constructor(
    options: PoolOptions,
    deps: Pick<ChainerDeps, 'establishConnection' | 'resolver' | 'serverTls' | 'logger'>,
    now: () => number = () => performance.now(),
  ) {
    const { servers, eject } = options;
    const listed = servers.map(({ address }, index) => ({ server: address, setting: `chainer.servers[${index}]` }));
    if (listed.length === 0) throw configurationError(`${NO_SERVERS}.`, 'chainer.servers');
    const marks = new EjectionMarks(now);
    super('chainer.servers', listed, options, deps, marks);
    this.#balance = options.balance;
    this.#logger = deps.logger;
    this.#now = now;
    const { keys } = this.servers;
    const ejection = { ...DEFAULT_EJECTION, ...eject };
    const members = servers.map((server, index) => new PoolMember(keys[index] ?? '', index, server, ejection));
    if (new Set(keys).size < keys.length) throw configurationError(`${TWICE}.`, 'chainer.servers');
    const balancer = balancerOf(options.balance, members.length, now);
    marks.members = this.#members = new Members(members, balancer, ({ index }) => this.pool.isOut(index));
  }

  /** `host` and `port` are not used. */
  override connectServer(session: Session, _host: string, _port: number): MaybePromise<ServerConnection> {
    const list = this.serversFor(session);
    if (list === undefined) return Promise.reject(this.noPort());
    const note = noteOf(session);
    this.#askedAgain(note);
    const member = this.#pick(session, note);
    if (member === undefined) return Promise.reject(this.#noneLeft());
    const result = this.#attempt(session, list, note, member);
    return isPromise(result) ? this.#goOn(session, list, note, member, result) : result;
  }

  /** A server that accepts connections and sends nothing counts as failed, as one that does not accept. */
  serverFailed(session: Session, error: ProxyError): boolean {
    const note = noteOf(session);
    if (note.member === undefined || error.fault !== 'server') return false;
    this.#failed(note.member, error);
    this.#leave(note);
    return this.#members.pick(this.#pickOf(session, note), this.#now()) !== undefined;
  }

  sessionEnded(session: Session, { error, wait }: SessionOutcome): void {
    const { chainerNote } = session;
    if (!(chainerNote instanceof PoolNote)) return;
    const { member } = chainerNote;
    chainerNote.isOver = true;
    if (member === undefined) return;
    this.#leave(chainerNote);
    if (error?.fault === 'server') this.#failed(member, error);
    else if (wait !== undefined || isServed(session, error)) this.#succeeded(member, wait);
  }

  protected override keyOf({ chainerNote }: Session): string | undefined {
    return chainerNote instanceof PoolNote ? (chainerNote.member ?? [...chainerNote.tried].at(-1))?.id : undefined;
  }

  protected override ordered(): void {
    this.#members.refresh(this.#now());
  }

  #pickOf(session: Session, { tried }: PoolNote): PickQuery<PoolMember> {
    const isExcluded = (member: PoolMember): boolean => tried.has(member) || member.isFull;
    return { hash: hashOf(this.#balance, session), inFlight: this.#members.inFlight, isExcluded };
  }

  #pick(session: Session, note: PoolNote): PoolMember | undefined {
    const picked = this.#members.pick(this.#pickOf(session, note), this.#now());
    if (this.#members.isPanic !== this.#wasPanic) this.#tellPanic();
    return picked;
  }

  #attempt(session: Session, list: HostList, note: PoolNote, member: PoolMember): MaybePromise<ServerConnection> {
    note.member = member;
    note.tried.add(member);
    this.#members.began(member);
    return this.connectTo(session, list, member.index);
  }

  /** Waits for the first attempt, and makes further ones at other servers until one succeeds: nothing was sent so far. */
  async #goOn(
    session: Session,
    list: HostList,
    note: PoolNote,
    first: PoolMember,
    pending: Promise<ServerConnection>,
  ): Promise<ServerConnection> {
    let member = first;
    let result: MaybePromise<ServerConnection> = pending;
    for (;;) {
      try {
        return await result;
      } catch (cause) {
        const error = toProxyError(cause);
        this.#leave(note);
        if (error instanceof AccessDeniedError || session.aborted || note.isOver) throw error;
        if (error.fault === 'server') this.#failed(member, error);
        const next = this.#pick(session, note);
        if (next === undefined) throw error;
        member = next;
        result = this.#attempt(session, list, note, member);
      }
    }
  }

  /** An idle connection turned out to be closed, which says nothing about its server: another one to it is as good as any. */
  #askedAgain(note: PoolNote): void {
    if (note.member === undefined) return;
    note.tried.delete(note.member);
    this.#leave(note);
  }

  #leave(note: PoolNote): void {
    const { member } = note;
    if (member === undefined) return;
    note.member = undefined;
    this.#members.ended(member);
  }

  #succeeded(member: PoolMember, wait: number | undefined): void {
    const now = this.#now();
    member.ejection.succeeded(now);
    if (wait !== undefined) member.latency.answered(wait, now);
    if (member.failure === undefined) return;
    member.failure = undefined;
    this.#logger.info({ server: member.id }, 'a server of a pool is well again');
  }

  #failed(member: PoolMember, { message, code }: ProxyError): void {
    const now = this.#now();
    member.latency.failed(now);
    if (!member.ejection.failed(now) || !this.#members.eject(member, now)) return;
    member.failure = { why: message, since: Date.now() };
    const seconds = (member.ejection.until - now) / 1_000;
    this.#logger.warn({ server: member.id, error: code, why: message, seconds }, 'a server of a pool was taken out');
  }

  #noneLeft(): ProxyError {
    const inService = this.#members.all.filter(({ index }) => !this.pool.isOut(index));
    if (inService.length === 0) return this.allOut();
    const message = 'Every server of the pool has as many sessions as it may have.';
    return new ProxyError('connection_limit_reached', message, { setting: 'chainer.servers', retryAfter: 1 });
  }

  #tellPanic(): void {
    this.#wasPanic = this.#members.isPanic;
    if (this.#wasPanic) this.#logger.warn({}, 'most servers of a pool are down, so all of them are used');
    else this.#logger.info({}, 'enough servers of a pool are up again');
  }
}

/** A client that has gone before anything was answered says nothing about the server. */
function isServed({ aborted }: Session, error: ProxyError | undefined): boolean {
  return error === undefined && !aborted;
}

function noteOf(session: Session): PoolNote {
  const { chainerNote } = session;
  if (chainerNote instanceof PoolNote) return chainerNote;
  const note = new PoolNote();
  session.chainerNote = note;
  return note;
}

const NO_SERVERS = 'servers needs at least one server';
const TWICE = 'servers has a server twice; give it a weight instead';

const server = z.strictObject({
  address: serverOfPool,
  weight: z.number().positive().max(1_000).default(1).describe('Its share of the sessions, beside those of others.'),
  backup: z.boolean().default(false).describe('It gets sessions only while no other server is up.'),
  maxConnections: z.int().min(1).optional().describe('The most sessions that it has at one time. Default: no limit.'),
});

const eject = z
  .strictObject({
    consecutive: z.int().min(1).default(DEFAULT_EJECTION.consecutive).describe('Failures in a row.'),
    ratio: z
      .number()
      .positive()
      .max(1)
      .default(DEFAULT_EJECTION.ratio)
      .describe('The part of the sessions of ten seconds that failed, where there were enough of them.'),
    least: z
      .int()
      .min(1)
      .default(DEFAULT_EJECTION.least)
      .describe('Sessions in ten seconds that are enough for ratio.'),
    first: duration({ minimum: 1 }).prefault('10s').describe('How long it is out the first time; then twice as long.'),
    longest: duration({ minimum: 1 }).prefault('5m').describe('How long it is out at most.'),
  })
  .prefault({});

function addressesOf({ servers }: Pick<PoolOptions, 'servers'>): WrittenServer[] {
  return servers.map(({ address }) => address);
}

export const poolOptions = connecting(
  z.strictObject({
    servers: z
      .array(z.union([serverOfPool.transform((address) => ({ address })), server]))
      .min(1, { error: NO_SERVERS })
      .describe('The servers, each once: an address, or a mapping with an address and what is particular about it.'),
    balance: balance.describe(
      'How a server is chosen. p2c: of two that are drawn by weight the one with fewer sessions. least-connections, round-robin, random, latency: what they say. hash: the same one for the same client or host.',
    ),
    eject: eject.describe('When a server that fails is taken out, by what happens to its sessions.'),
    ...connectShape,
  }),
  addressesOf,
).describe('Spreads sessions over servers by weight and load, and keeps them from servers that fail.');

export const poolPlugin = defineDialingPlugin<z.output<typeof poolOptions>>({
  kind: 'pool',
  schema: poolOptions,
  serverChosenBy: 'operator',
  chainer: PoolChainer,
  servers: addressesOf,
});
