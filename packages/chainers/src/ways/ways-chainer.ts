import {
  AccessDeniedError,
  BeyondParentError,
  type Chainer,
  isPromise,
  type Logger,
  type MaybePromise,
  type OwnNotices,
  ProxyError,
  type ServerConnection,
  type ServerFailure,
  type Session,
  type SessionOutcome,
  toProxyError,
} from '@inband/core';
import { DownMarks } from '../servers/down-marks.ts';
import type { Way, Ways } from './way.ts';
import { WaysPool } from './ways-pool.ts';

/** Who says by which ways something is reached. */
export interface WayFinder {
  /** Rejects with a `ProxyError`, and never throws. What it has answered it answers at once when it is asked again soon. */
  find(session: Session, host: string, port: number): MaybePromise<Ways>;
  start?(): void;
  /** The parents that it has found so far. */
  parents?(): Iterable<Way>;
  /** Also closes the chainers of all ways. */
  close(): void;
}

export interface WaysChainerOptions {
  readonly kind: string;
  readonly finder: WayFinder;
  /** Milliseconds for which a parent that failed is tried after the others. */
  readonly stateTimeout: number;
  readonly logger: Pick<Logger, 'warn'>;
  /** Tells other workers of parents that have failed. */
  readonly notices?: OwnNotices | undefined;
}

/** What a session has here: the way that it is on, and those that it has tried. */
interface Course {
  ways: Ways;
  way: Way | undefined;
  readonly tried: Set<Way>;
}

interface Asked {
  readonly session: Session;
  readonly host: string;
  readonly port: number;
}

/** Asks by which ways something is reached, and tries them in their order, each once in a session. */
export class WaysChainer implements Chainer {
  readonly kind: string;
  /** Chainers of parents do. */
  readonly looksAtRequest = true;
  readonly pool: WaysPool;
  readonly #finder: WayFinder;
  readonly #logger: Pick<Logger, 'warn'>;
  readonly #down: DownMarks;
  /** Not in `chainerNote`, which belongs to the chainer of the way that a session is on. */
  readonly #courses = new WeakMap<Session, Course>();

  constructor({ kind, finder, stateTimeout, logger, notices }: WaysChainerOptions) {
    this.kind = kind;
    this.#finder = finder;
    this.#logger = logger;
    this.#down = new DownMarks(stateTimeout, stateTimeout > 0 ? notices?.topic('marks') : undefined);
    this.pool = new WaysPool({
      parents: () => finder.parents?.() ?? [],
      marks: this.#down,
      wayOf: (session) => this.#courses.get(session)?.way,
    });
  }

  start(): void {
    this.#finder.start?.();
  }

  connectServer(session: Session, host: string, port: number): MaybePromise<ServerConnection> {
    const ways = this.#finder.find(session, host, port);
    if (isPromise(ways)) return this.#connectLater({ session, host, port }, ways);
    return this.#connectBy(ways, { session, host, port });
  }

  /** The way's own chainer may know another server; else the session goes on to the next way. */
  serverFailed(session: Session, failure: ServerFailure): boolean {
    const course = this.#courses.get(session);
    if (course?.way === undefined) return false;
    if (course.way.chainer.serverFailed?.(session, failure) === true) return true;
    if (failure.cause === 'status' || failure.error.fault !== 'server') return false;
    if (!failure.mayRepeat || this.#next(course) === undefined) return false;
    this.#leave(session, course, failure.error);
    return true;
  }

  sessionEnded(session: Session, outcome: SessionOutcome): void {
    const course = this.#courses.get(session);
    if (course === undefined) return;
    this.#courses.delete(session);
    course.way?.chainer.sessionEnded?.(session, outcome);
  }

  close(): void {
    this.#finder.close();
  }

  async #connectLater(asked: Asked, pending: Promise<Ways>): Promise<ServerConnection> {
    const ways = await pending;
    if (asked.session.aborted) throw new ProxyError('connection_terminated', 'The client went away.');
    return this.#connectBy(ways, asked);
  }

  #connectBy(ways: Ways, asked: Asked): MaybePromise<ServerConnection> {
    const course = this.#courseOf(asked.session);
    course.ways = ways;
    // An idle connection of its way turned out to be closed, which says nothing about the way.
    const way = course.way ?? this.#next(course);
    if (way === undefined) return Promise.reject(noneLeft());
    const result = this.#attempt(asked, course, way);
    return isPromise(result) ? this.#goOn(asked, course, { way, result }) : result;
  }

  async #goOn(
    asked: Asked,
    course: Course,
    first: { readonly way: Way; readonly result: Promise<ServerConnection> },
  ): Promise<ServerConnection> {
    let { way } = first;
    let result: MaybePromise<ServerConnection> = first.result;
    for (;;) {
      try {
        const connection = await result;
        if (way.key !== undefined) this.#down.clear(way.key);
        return connection;
      } catch (cause) {
        const error = toProxyError(cause);
        if (isFinal(error, asked.session)) throw error;
        this.#failed(way, error);
        const next = this.#next(course);
        if (next === undefined) throw error;
        this.#leave(asked.session, course, error);
        way = next;
        result = this.#attempt(asked, course, way);
      }
    }
  }

  #attempt({ session, host, port }: Asked, course: Course, way: Way): MaybePromise<ServerConnection> {
    course.way = way;
    course.tried.add(way);
    return way.chainer.connectServer(session, host, port);
  }

  /** The chainer of the way is done with the session, and the next one finds it as if it were new. */
  #leave(session: Session, course: Course, error: ProxyError): void {
    course.way?.chainer.sessionEnded?.(session, { status: 0, wait: undefined, reused: false, error });
    course.way = undefined;
    session.chainerNote = undefined;
  }

  #failed({ key }: Way, error: ProxyError): void {
    if (key === undefined || error.fault !== 'server') return;
    const { message: why } = error;
    if (!this.#down.has(key)) this.#logger.warn({ server: key, error: error.code, why }, 'a parent failed');
    this.#down.mark(key, why);
  }

  /** The first way that was not tried and is not marked, else the first that was not tried. What an operator has taken out is none. */
  #next({ ways, tried }: Course): Way | undefined {
    let marked: Way | undefined;
    for (const way of ways) {
      if (tried.has(way) || (way.key !== undefined && this.pool.isOut(way.key))) continue;
      if (way.key === undefined || !this.#down.has(way.key)) return way;
      marked ??= way;
    }
    return marked;
  }

  #courseOf(session: Session): Course {
    const known = this.#courses.get(session);
    if (known !== undefined) return known;
    const course = { ways: [], way: undefined, tried: new Set<Way>() };
    this.#courses.set(session, course);
    return course;
  }
}

/** Policy has spoken, a parent has spoken of the target, or nobody waits any more. */
function isFinal(error: ProxyError, { aborted }: Session): boolean {
  return error instanceof AccessDeniedError || error instanceof BeyondParentError || aborted;
}

function noneLeft(): ProxyError {
  return new ProxyError('destination_unavailable', 'No way to the server is left to try.');
}
