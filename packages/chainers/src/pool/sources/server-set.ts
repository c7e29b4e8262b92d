import { formatHostPort, formatSockAddr, type Session } from '@inband/core';
import { isName, type ServerAddress } from '../../options/server-address.ts';
import { type NamedServer, NamedServers, type NamingDeps } from './named-servers.ts';
import { sameFields } from './same-fields.ts';
import type { KnownServer, MemberOptions, ServerSource } from './server-source.ts';

/** With more names than this, what changes within so many milliseconds is taken together. */
const FEW = 32;
const TOGETHER = 25;

/** A server by its address or name, as a configuration lists it or a discovery has found it. */
export interface ListedServer extends MemberOptions, Pick<NamedServer, 'written' | 'name' | 'sharesWeight'> {
  readonly address: ServerAddress;
}

/**
 * Listed servers: addresses, and names, each address of which is a server. The list can be replaced; names that stay are not resolved
 * anew, and those that go keep their servers until the new ones have been looked up.
 */
export class ServerSet implements ServerSource {
  readonly #deps: NamingDeps;
  readonly #settingOf: (index: number) => string;
  #parts: readonly (KnownServer | NamedServers)[] = [];
  #names: ReadonlyMap<string, NamedServers> = new Map();
  /** Names that are not in the list any more, while the new ones are looked up. */
  #leaving: readonly NamedServers[] = [];
  #servers: readonly KnownServer[] | undefined = undefined;
  #changed: () => void = () => undefined;
  #isStarted = false;
  #isClosed = false;
  /** While names have changed that were not collected. */
  #timer: NodeJS.Timeout | undefined = undefined;

  /** `settingOf`: the setting that brought the server at an index, for messages. */
  constructor(deps: NamingDeps, settingOf: (index: number) => string) {
    this.#deps = deps;
    this.#settingOf = settingOf;
  }

  get servers(): readonly KnownServer[] | undefined {
    return this.#servers;
  }

  unknown(): readonly string[] {
    return [...this.#names.values()].flatMap((name) => name.unknown());
  }

  /** Whether nothing of it is ever looked up. */
  get isConstant(): boolean {
    return this.#names.size === 0;
  }

  /** Replaces the list. An empty one is known, too. */
  replace(listed: readonly ListedServer[]): void {
    if (this.#isClosed) return;
    const before = this.#names;
    const known = new Map(this.#servers?.map((server) => [server.id, server]));
    const names = new Map<string, NamedServers>();
    const fresh: NamedServers[] = [];
    this.#parts = listed.map(({ address, ...options }, index) => {
      if (!isName(address)) return asBefore(known, knownAt(address, options));
      const named = { ...options, at: address, setting: this.#settingOf(index) };
      const key = formatHostPort(address);
      const part = names.get(key) ?? before.get(key) ?? this.#begin(named, fresh);
      part.update(named);
      names.set(key, part);
      return part;
    });
    this.#names = names;
    const gone = [...before].flatMap(([key, part]) => (names.has(key) ? [] : [part]));
    this.#leave([...this.#leaving, ...gone], fresh);
    this.#collect();
  }

  follow(changed: () => void): void {
    this.#changed = changed;
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    for (const name of this.#names.values()) name.start();
  }

  /** Waits for each name that is not known yet. Some of them are enough. */
  async ready(session: Session): Promise<void> {
    this.#isStarted = true;
    const outcomes = await Promise.allSettled([...this.#names.values()].map((name) => name.ready(session)));
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (this.#servers === undefined && failure !== undefined) throw failure.reason;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const name of [...this.#names.values(), ...this.#leaving]) name.close();
  }

  #begin(named: NamedServer, fresh: NamedServers[]): NamedServers {
    const part = new NamedServers(named, this.#deps);
    part.follow(() => this.#collectSoon());
    if (this.#isStarted) {
      part.start();
      fresh.push(part);
    }
    return part;
  }

  /** Lets go of names, but not before those that came for them have answered or failed. */
  #leave(leaving: readonly NamedServers[], fresh: readonly NamedServers[]): void {
    this.#leaving = leaving;
    if (leaving.length === 0) return;
    const drop = (): void => {
      this.#leaving = this.#leaving.filter((name) => !leaving.includes(name));
      for (const name of leaving) name.close();
    };
    if (fresh.length === 0) return drop();
    void Promise.allSettled(fresh.map((name) => name.looked())).then(() => {
      drop();
      this.#collect();
    });
  }

  /** Of hundreds of names nearly all change when they are looked up first, and a pool with them is built anew for a change. */
  #collectSoon(): void {
    if (this.#servers === undefined || this.#names.size <= FEW) return this.#collect();
    this.#timer ??= setTimeout(() => this.#collect(), TOGETHER).unref();
  }

  #collect(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isClosed) return;
    const parts = [...this.#parts, ...this.#leaving];
    const known = firstOfEach(parts.flatMap((part) => (part instanceof NamedServers ? (part.servers ?? []) : part)));
    const isKnown = known.length > 0 || parts.length === 0;
    if (!isKnown || isSame(this.#servers, known)) return;
    this.#servers = known;
    this.#changed();
  }
}

/** Each server once: of two that have the same address the first counts. */
export function firstOfEach(servers: readonly KnownServer[]): KnownServer[] {
  const known = new Map<string, KnownServer>();
  for (const server of servers) if (!known.has(server.id)) known.set(server.id, server);
  return [...known.values()];
}

/** The same object where nothing about a server has changed, so that nobody takes it for another one. */
function asBefore(known: ReadonlyMap<string, KnownServer>, server: KnownServer): KnownServer {
  const before = known.get(server.id);
  // With the same id, the address is the same.
  return before !== undefined && sameFields(before, server, 'remote') ? before : server;
}

function isSame(before: readonly KnownServer[] | undefined, now: readonly KnownServer[]): boolean {
  return before?.length === now.length && before.every((server, index) => server === now[index]);
}

function knownAt(
  address: Exclude<ServerAddress, { host: string }>,
  { written, name, sharesWeight: _shares, ...options }: Omit<ListedServer, 'address'>,
): KnownServer {
  const id = formatSockAddr(address);
  const own = address.family === 'unix' ? '' : address.address;
  return { ...options, id, remote: address, written: written ?? id, name: name ?? own };
}

/** How a server of the configuration is written in messages. */
export function writtenAs(address: ServerAddress): string {
  return isName(address) ? formatHostPort(address) : formatSockAddr(address);
}
