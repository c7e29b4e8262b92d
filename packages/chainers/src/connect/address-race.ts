import {
  AccessDeniedError,
  isPromise,
  toProxyError,
  type EstablishOptions,
  type InetAddr,
  type MaybePromise,
  type ProxyError,
  type ServerConnection,
  type Session,
} from '@inband/core';

/** Milliseconds until the next address is tried while an attempt is pending (RFC 8305 section 5). */
export const ATTEMPT_DELAY = 250;

/** What a chainer wants of every attempt of a race, which cancels each by a signal of its own. */
export type AttemptOptions = Omit<EstablishOptions, 'signal'>;

/** Every option, so that the compiler refuses an {@link Attempt} that does not pass a new one on. */
type EveryOption = { readonly [Option in keyof Required<EstablishOptions>]: EstablishOptions[Option] };

/** One attempt: the options for establishConnection, and how to cancel it. */
export class Attempt implements EveryOption {
  readonly remote: InetAddr;
  readonly #how: AttemptOptions;
  /** Has the session say what it said of this attempt's server when it began: others begin beside it. */
  #recall: (() => void) | undefined = undefined;
  #controller: AbortController | undefined = undefined;
  #cancelled = false;

  constructor(remote: InetAddr, how: AttemptOptions) {
    this.remote = remote;
    this.#how = how;
  }

  get forgeAddr(): boolean | undefined {
    return this.#how.forgeAddr;
  }

  get proxyProtocol(): EstablishOptions['proxyProtocol'] {
    return this.#how.proxyProtocol;
  }

  get tls(): EstablishOptions['tls'] {
    return this.#how.tls;
  }

  get requestForm(): EstablishOptions['requestForm'] {
    return this.#how.requestForm;
  }

  get passage(): EstablishOptions['passage'] {
    return this.#how.passage;
  }

  get connectTimeout(): number | undefined {
    return this.#how.connectTimeout;
  }

  get server(): string | undefined {
    return this.#how.server;
  }

  get reuse(): boolean | undefined {
    return this.#how.reuse;
  }

  /** Made when it is first read, because only a dial reads it. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#cancelled) this.#controller.abort();
    return this.#controller.signal;
  }

  /** To be called as soon as it has begun. */
  begun(session: Session): void {
    this.#recall = session.rememberServer();
  }

  /** The outcome is about this attempt: the session says what it said when it began. */
  recall(): void {
    this.#recall?.();
  }

  cancel(): void {
    this.#cancelled = true;
    this.#controller?.abort();
  }
}

/** Starts one attempt. */
export type StartAttempt = (attempt: Attempt) => MaybePromise<ServerConnection>;

export interface RaceOptions {
  readonly session: Session;
  readonly how: AttemptOptions;
  /** In the order in which they are tried; at least one. */
  readonly remotes: readonly InetAddr[];
  readonly start: StartAttempt;
}

/**
 * Connects to the first of several addresses that accepts (Happy Eyeballs, RFC 8305 section 5): they are tried one after the other,
 * the next as soon as one fails or when {@link ATTEMPT_DELAY} has gone by. Losers are cancelled, and destroyed if
 * they had connected at the same instant.
 */
export class AddressRace {
  readonly #options: RaceOptions;
  readonly #running = new Set<Attempt>();
  readonly #failures: { attempt: Attempt; error: ProxyError }[] = [];
  #next = 0;
  #winner: InetAddr | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #over = false;
  #resolve: (connection: ServerConnection) => void = () => {};
  #reject: (error: ProxyError) => void = () => {};

  constructor(options: RaceOptions) {
    this.#options = options;
  }

  /** The address, as it was resolved, whose attempt has connected. */
  get winner(): InetAddr | undefined {
    return this.#winner;
  }

  /** Runs the race. To be called once. `first`: the attempt at the first address, if it has been started already. */
  run(first?: { attempt: Attempt; pending: Promise<ServerConnection> }): Promise<ServerConnection> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      if (first === undefined) return this.#startNext();
      this.#next = 1;
      this.#watch(first.attempt, first.pending);
    });
  }

  readonly #startNext = (): void => {
    clearTimeout(this.#timer);
    const { remotes, how, session, start } = this.#options;
    const remote = remotes[this.#next];
    // If the session is aborted, the running attempts fail, and the last failure ends the race.
    if (remote === undefined || (session.aborted && this.#next > 0)) return;
    this.#next += 1;
    const attempt = new Attempt(remote, how);
    const result = start(attempt);
    attempt.begun(session);
    if (isPromise(result)) this.#watch(attempt, result);
    else this.#connected(attempt, result);
  };

  #watch(attempt: Attempt, pending: Promise<ServerConnection>): void {
    this.#running.add(attempt);
    if (this.#next < this.#options.remotes.length) this.#timer = setTimeout(this.#startNext, ATTEMPT_DELAY);
    pending.then(
      (connection) => this.#connected(attempt, connection),
      (error: unknown) => this.#failed(attempt, toProxyError(error)),
    );
  }

  #connected(attempt: Attempt, connection: ServerConnection): void {
    this.#running.delete(attempt);
    if (this.#over) return connection.destroy();
    this.#end();
    attempt.recall();
    this.#winner = attempt.remote;
    this.#resolve(connection);
  }

  #failed(attempt: Attempt, error: ProxyError): void {
    this.#running.delete(attempt);
    if (this.#over) return;
    this.#failures.push({ attempt, error });
    this.#startNext();
    if (this.#over || this.#running.size > 0) return;
    this.#end();
    const { attempt: last, error: telling } = mostTelling(this.#failures);
    last.recall();
    this.#reject(telling);
  }

  #end(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    for (const attempt of this.#running) attempt.cancel();
  }
}

/**
 * The most informative failure: one of the addresses is the proxy itself, else the last failure that is neither a denial nor
 * "no route", because a host without IPv6 has "no route" to every IPv6 address. If there are only denials, the first.
 */
function mostTelling<T extends { readonly error: ProxyError }>(failures: readonly T[]): T {
  const loop = failures.find(({ error }) => error.code === 'proxy_loop_detected');
  if (loop !== undefined) return loop;
  const tried = failures.filter(({ error }) => !(error instanceof AccessDeniedError));
  return tried.findLast(({ error }) => error.code !== 'destination_ip_unroutable') ?? tried.at(-1) ?? failures[0]!;
}
