import type { ClusterSession, ClusterSessions, SessionQuery } from '@inband/admin';
import type { Store } from '@inband/store';
import { setTimeout as pause } from 'node:timers/promises';
import { joinSessions, lineMatches } from '../../observe/live-sessions.ts';
import {
  LOOKED_FOR,
  LOOKING,
  type Published,
  type PublishedSession,
  readPublished,
  type Sealing,
  sessionsKey,
  TOLD_EVERY,
} from './published-sessions.ts';

/** Members whose sessions are read, besides this one. */
const MOST_MEMBERS = 256;
/** Values that are asked for at a time. */
const AT_ONCE = 32;
/** Milliseconds that whoever looks first waits for what members tell. */
const FIRST = 1_000;
/** Milliseconds after which those are read again that have told nothing yet. */
const AGAIN = 50;
/** Milliseconds for which what was read is used again. */
const FRESH = 1_000;

export interface SessionReaderDeps {
  readonly store: Store;
  readonly member: string;
  readonly sealing: Sealing | undefined;
  /** The names of all members. Rejects where the store cannot be asked. */
  readonly names: () => Promise<readonly string[]>;
  /** The sessions of this member that match. */
  readonly own: (
    query: SessionQuery,
  ) => Promise<{ readonly sessions: readonly PublishedSession[]; readonly total: number }>;
}

/** What members have told, and who has not. */
interface Read {
  readonly told: ReadonlyMap<string, Published>;
  readonly missing: readonly string[];
  readonly why: string | null;
}

/** Reads the sessions of all members. Those of this one are never read from the store. */
export class SessionReader {
  readonly #deps: SessionReaderDeps;
  /** When it was said last that somebody looks. */
  #said = -Infinity;
  /** What was read, so that several who look cost as much as one. */
  #read: { readonly at: number; readonly read: Promise<Read> } | undefined = undefined;

  constructor(deps: SessionReaderDeps) {
    this.#deps = deps;
  }

  /** Never rejects because of the store. */
  async sessions(query: SessionQuery): Promise<ClusterSessions> {
    const [own, { told, missing, why }] = await Promise.all([this.#deps.own(query), this.#fresh()]);
    const { member } = this.#deps;
    const lines = own.sessions.map((line): ClusterSession => ({ member, ...line }));
    const others = Array.from(told, ([name, { sessions }]) =>
      sessions.filter((line) => lineMatches(line, query)).map((line): ClusterSession => ({ member: name, ...line })),
    ).flat();
    const members = Array.from(told, ([name, { at, total, sessions }]) => ({
      name,
      at: new Date(at).toISOString(),
      sessions: total,
      told: sessions.length,
    }));
    const here = { name: member, at: new Date().toISOString(), sessions: own.total, told: own.sessions.length };
    return {
      member,
      sessions: joinSessions([...lines, ...others], query),
      total: own.total + others.length,
      members: [here, ...members],
      missing: [...missing],
      why,
    };
  }

  #fresh(): Promise<Read> {
    const now = performance.now();
    if (this.#read !== undefined && now - this.#read.at < FRESH) return this.#read.read;
    const read = this.#readAll().catch((error: unknown): Read => ({
      told: new Map(),
      missing: [],
      why: `Only this member is known: ${error instanceof Error ? error.message : String(error)}`,
    }));
    this.#read = { at: now, read };
    return read;
  }

  async #readAll(): Promise<Read> {
    const begun = performance.now();
    // Members tell at once when the first one looks, and otherwise now and then.
    const until = begun - this.#said > LOOKED_FOR ? begun + FIRST : begun;
    await this.#say(begun);
    const names = (await this.#deps.names()).filter((name) => name !== this.#deps.member);
    const told = new Map<string, Published>();
    let missing = await this.#readOf(names.slice(0, MOST_MEMBERS), told);
    while (missing.length > 0 && performance.now() < until) {
      await pause(AGAIN);
      missing = await this.#readOf(missing, told);
    }
    return { told, missing: [...missing, ...names.slice(MOST_MEMBERS)], why: null };
  }

  /** Says that somebody looks, unless that was said a short time ago. */
  async #say(now: number): Promise<void> {
    if (now - this.#said < TOLD_EVERY) return;
    await this.#deps.store.put(LOOKING, JSON.stringify({ member: this.#deps.member }), { ttl: LOOKED_FOR });
    this.#said = now;
  }

  /** Adds what these members have told. Returns those that have told nothing. */
  async #readOf(names: readonly string[], told: Map<string, Published>): Promise<string[]> {
    const { store, sealing } = this.#deps;
    const missing: string[] = [];
    for (let first = 0; first < names.length; first += AT_ONCE) {
      const some = names.slice(first, first + AT_ONCE);
      const entries = await Promise.all(some.map((name) => store.get(sessionsKey(name))));
      for (const [index, name] of some.entries()) {
        const entry = entries[index];
        const published = entry && readPublished(sessionsKey(name), entry.value, sealing);
        if (published === undefined) missing.push(name);
        else told.set(name, published);
      }
    }
    return missing;
  }
}
