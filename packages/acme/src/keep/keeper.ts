import { toAcmeError } from '../base/acme-error.ts';
import type { Clock } from '../base/clock.ts';
import type { AcmeLog } from '../base/log.ts';
import type { Solver } from '../challenges/solver.ts';
import { AcmeClient } from '../client/acme-client.ts';
import type { AcmeClientOptions } from '../client/account.ts';
import type { Ask } from '../client/ask.ts';
import type { AcmeStorage } from '../state/acme-storage.ts';
import type { IssuedCertificate } from '../x509/issued-certificate.ts';
import { retryAfterStart } from './back-off.ts';
import type { OnDemandOptions } from './demand-limit.ts';
import { Demanded } from './demanded.ts';
import { Kept, type KeptStatus } from './kept.ts';
import { renew } from './renew.ts';

/** Certificates that are worked on at the same time. */
const AT_ONCE = 4;
/** Milliseconds of the longest sleep: a machine that was suspended, or whose clock was set, is noticed after that. */
const LONGEST_SLEEP = 3_600_000;

/** Which certificates to keep. */
export interface KeeperOptions extends AcmeClientOptions {
  /** The hosts of each certificate. */
  readonly certificates: readonly (readonly string[])[];
  readonly profile?: string | undefined;
  readonly onDemand?: OnDemandOptions | undefined;
}

export interface KeeperDeps {
  readonly state: AcmeStorage;
  readonly ask: Ask;
  readonly solver: Solver;
  readonly clock: Clock;
  readonly log: AcmeLog;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Gets all certificates that are valid, whenever one is new. */
  readonly publish: (certificates: readonly IssuedCertificate[]) => void;
}

/** Keeps certificates: those of the storage are used, what is missing is ordered, what becomes old is renewed. */
export class Keeper {
  readonly #options: KeeperOptions;
  readonly #deps: KeeperDeps;
  /** Of the account that was read last. */
  #client: { readonly thumbprint: string; readonly client: AcmeClient } | undefined = undefined;
  #stopWatching: (() => void) | undefined = undefined;
  readonly #demanded: Demanded;
  readonly #kept = new Map<string, Kept>();
  readonly #ended = new AbortController();
  #wake = new AbortController();
  /** Certificates that are worked on. */
  #busy = 0;
  readonly #working = new Set<Promise<void>>();

  private constructor(options: KeeperOptions, deps: KeeperDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#demanded = new Demanded(options.onDemand, deps);
  }

  /** Publishes what the storage has. Rejects if that cannot be used. */
  static async open(options: KeeperOptions, deps: KeeperDeps): Promise<Keeper> {
    const keeper = new Keeper(options, deps);
    for (const hosts of options.certificates) await keeper.#read(new Kept(hosts, false));
    await keeper.#readDemanded();
    keeper.#publish();
    keeper.#stopWatching = deps.state.watch?.((name, issued) => keeper.#found(name, issued));
    return keeper;
  }

  /** From now on the CA is asked, because it can see the answers to its challenges. Called once. */
  begin(): void {
    this.#working.add(this.#run());
  }

  /** Ends everything that is under way. Orders go on at the next start. */
  async close(): Promise<void> {
    this.#stopWatching?.();
    this.#ended.abort();
    this.#wake.abort();
    await Promise.allSettled(this.#working);
  }

  get status(): KeptStatus[] {
    const now = this.#deps.clock.now();
    return Array.from(this.#kept.values(), (kept) => kept.status(now));
  }

  /**
   * The certificate for a host whose client has begun a handshake, in lower case. Resolves with undefined if it is not on the list, there
   * were too many, or it is not there within 20 seconds. Never rejects.
   */
  async demand(host: string): Promise<IssuedCertificate | undefined> {
    const now = this.#deps.clock.now();
    const known = this.#kept.get(host) ?? this.#take(host, now);
    if (known === undefined) return undefined;
    if (known.isValid(now)) return known.issued;
    // A failure is not tried again sooner because somebody asks.
    if (!known.isBusy && !known.isElsewhere(now) && known.issueAt > now) return undefined;
    await this.#demanded.wait(known, this.#ended.signal);
    return known.isValid(this.#deps.clock.now()) ? known.issued : undefined;
  }

  /** A new certificate for a host of a client, if that may be. */
  #take(host: string, now: number): Kept | undefined {
    const kept = this.#demanded.take(host, now);
    if (kept === undefined) return undefined;
    this.#kept.set(kept.name, kept);
    this.#wake.abort();
    return kept;
  }

  /** Another process has got a certificate. Clients that wait for it here need not wait any more. */
  #found(name: string, issued: IssuedCertificate): void {
    const known = this.#kept.get(name) ?? (this.#demanded.allows(name) ? new Kept([name], true) : undefined);
    if (known === undefined || known.issued?.sha256 === issued.sha256) return;
    if (!known.hosts.every((host) => issued.hosts.includes(host))) return;
    known.succeeded(issued, this.#deps.clock.now());
    this.#kept.set(name, known);
    this.#publish();
    this.#demanded.settle(name);
    this.#wake.abort();
  }

  /** Uses what the storage has of it. */
  async #read(kept: Kept): Promise<void> {
    const { state, clock } = this.#deps;
    const now = clock.now();
    const [issued, progress] = [await state.certificate(kept.name), await state.progress(kept.name)];
    if (issued !== undefined && kept.hosts.every((host) => issued.hosts.includes(host))) kept.has(issued);
    if (progress !== undefined) kept.remember(progress, retryAfterStart(progress, now));
    const note = issued?.renewalId === undefined ? undefined : await state.renewal(kept.name);
    if (note !== undefined) kept.recall(note, now);
    this.#kept.set(kept.name, kept);
  }

  /** Certificates of hosts that clients have asked for before, as long as they are valid and on the list. */
  async #readDemanded(): Promise<void> {
    for (const name of await this.#deps.state.names()) {
      if (this.#kept.has(name) || !this.#demanded.allows(name)) continue;
      await this.#read(new Kept([name], true));
    }
    this.#forget();
  }

  /** Certificates that clients have asked for are not renewed for ever. One that has expired is ordered again when somebody asks for it. */
  #forget(): void {
    const { clock, state, log } = this.#deps;
    const now = clock.now();
    // A client that waits has asked again.
    const old = [...this.#kept.values()].filter(
      (each) => each.isForgettable(now) && !this.#demanded.isAwaited(each.name),
    );
    for (const kept of old) {
      this.#kept.delete(kept.name);
      state.remove(kept.name).catch((error: unknown) => {
        log.warn({ hosts: kept.hosts, reason: String(error) }, 'acme: an old certificate was not removed');
      });
    }
  }

  async #run(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      this.#wake = new AbortController();
      this.#forget();
      this.#begin();
      const signal = AbortSignal.any([this.#ended.signal, this.#wake.signal]);
      await this.#deps.clock.sleep(this.#pause(), signal).catch(() => undefined);
    }
  }

  /** Begins what is due, as far as there is room. Clients that wait come first. */
  #begin(): void {
    const now = this.#deps.clock.now();
    const byHaste = [...this.#kept.values()].toSorted(
      (one, other) => Number(isAwaited(other)) - Number(isAwaited(one)),
    );
    for (const kept of byHaste) {
      const due = kept.due(now);
      if (due === undefined || this.#busy === AT_ONCE) continue;
      this.#busy++;
      kept.isBusy = true;
      const work = (due === 'issue' ? this.#issue(kept) : this.#look(kept)).finally(() => {
        this.#busy--;
        kept.isBusy = false;
        this.#working.delete(work);
        this.#wake.abort();
      });
      this.#working.add(work);
    }
  }

  /** Milliseconds until something is due. */
  #pause(): number {
    if (this.#busy === AT_ONCE) return LONGEST_SLEEP;
    const times = Array.from(this.#kept.values())
      .filter(({ isBusy }) => !isBusy)
      .map(({ dueAt }) => dueAt);
    return Math.min(Math.max(Math.min(...times) - this.#deps.clock.now(), 1), LONGEST_SLEEP);
  }

  async #issue(kept: Kept): Promise<void> {
    const { state, solver, clock, log, random } = this.#deps;
    const { profile } = this.#options;
    const before = kept.issued;
    const { signal } = this.#ended;
    const mayOrderNew = (): Promise<boolean> => this.#demanded.mayOrderNew(kept);
    const isAway = (reason: string): void => this.#demanded.isAway(kept, reason);
    await renew(kept, {
      client: () => this.#clientNow(),
      solver,
      clock,
      log,
      state,
      profile,
      random,
      mayOrderNew,
      isAway,
      signal,
    });
    if (kept.issued !== before) this.#publish();
    // Where another process works on it, its certificate comes by the watch.
    const comes = this.#stopWatching !== undefined && kept.isElsewhere(clock.now());
    if (!comes) this.#demanded.settle(kept.name);
  }

  /** For the account that is kept now, which may be another one than before where it is shared. */
  async #clientNow(): Promise<AcmeClient> {
    const { state, ask, clock } = this.#deps;
    const { key, store } = await state.account();
    if (this.#client?.thumbprint !== key.thumbprint) {
      const client = new AcmeClient(this.#options, ask, key, store, clock);
      this.#client = { thumbprint: key.thumbprint, client };
    }
    return this.#client.client;
  }

  /** Asks when the CA wants a certificate to be renewed. It matters little if there is no answer. */
  async #look(kept: Kept): Promise<void> {
    const { clock, log } = this.#deps;
    const { hosts, issued } = kept;
    try {
      const client = this.#client?.client ?? (await this.#clientNow());
      const seen = await client.renewalWindow(issued?.renewalId ?? '', this.#ended.signal);
      kept.saw(seen?.value, seen?.retryAt, clock.now());
      await this.#note(kept);
    } catch (error) {
      const { message, retryAt } = toAcmeError(error);
      if (!this.#ended.signal.aborted)
        log.debug({ hosts, reason: message }, 'acme: the CA gives no renewal information');
      kept.saw(undefined, retryAt, clock.now());
    }
  }

  /** So that the next start need not ask again, and knows the window where the CA cannot be asked. Never rejects. */
  async #note({ name, hosts, renewalNote }: Kept): Promise<void> {
    const { state, log } = this.#deps;
    if (renewalNote === undefined) return;
    await state.saveRenewal(name, renewalNote).catch((error: unknown) => {
      log.warn({ hosts, reason: String(error) }, 'acme: renewal information cannot be kept');
    });
  }

  #publish(): void {
    const now = this.#deps.clock.now();
    const valid = [...this.#kept.values()].filter((kept) => kept.isValid(now)).map(({ issued }) => issued);
    this.#deps.publish(valid.filter((issued) => issued !== undefined));
  }
}

function isAwaited({ onDemand, issued }: Kept): boolean {
  return onDemand && issued === undefined;
}
