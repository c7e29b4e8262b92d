import {
  AccessDeniedError,
  AddressZones,
  formatSockAddr,
  ProxyError,
  Session,
  sessionWriter,
  type ChainerDeps,
  type ClientConnection,
  type EstablishConnection,
  type EstablishOptions,
  type Logger,
  type ProxyErrorCode,
  type Resolution,
  type Resolver,
  type ServerConnection,
  type Service,
  type SockAddr,
} from '@inband/core';
import { expect } from 'vitest';
import { silentConnection } from '../support/silent-connection.ts';

/** What a fake server does with an attempt; `after` is milliseconds. */
export type Behaviour =
  | { does: 'accept'; after?: number }
  /** There is an idle connection: it comes back synchronously. */
  | { does: 'idle' }
  | { does: 'fail'; code: ProxyErrorCode; after?: number }
  | { does: 'deny' }
  /** Never answers: the attempt ends by its timeout or by being cancelled. */
  | { does: 'hang' };

export interface Call {
  readonly session: Session;
  readonly local: SockAddr | undefined;
  readonly remote: SockAddr;
  readonly how: EstablishOptions | undefined;
  ended: 'pending' | 'connected' | 'failed' | 'cancelled';
}

const closedStream = silentConnection(
  { family: 'inet', address: '127.0.0.1', port: 40_000 },
  { family: 'inet', address: '127.0.0.1', port: 1 },
);

export class FakeServerConnection implements ServerConnection {
  readonly connection = closedStream;
  readonly local = closedStream.local;
  readonly remote: SockAddr;
  readonly key: string;
  readonly reused: boolean;
  state: 'open' | 'released' | 'destroyed' = 'open';

  constructor(remote: SockAddr, reused: boolean) {
    this.remote = remote;
    this.key = formatSockAddr(remote);
    this.reused = reused;
  }

  release(): void {
    this.state = 'released';
  }

  destroy(): void {
    this.state = 'destroyed';
  }
}

/** An establishConnection whose servers do what the test says; an address nobody mentioned refuses. */
export class FakeNetwork {
  readonly calls: Call[] = [];
  readonly connections: FakeServerConnection[] = [];
  readonly #behaviours = new Map<string, Behaviour>();

  /** `address` as formatSockAddr writes it. */
  on(address: string, behaviour: Behaviour): this {
    this.#behaviours.set(address, behaviour);
    return this;
  }

  /** The addresses that were attempted, in order. */
  get attempted(): string[] {
    return this.calls.map((call) => formatSockAddr(call.remote));
  }

  get open(): FakeServerConnection[] {
    return this.connections.filter((connection) => connection.state === 'open');
  }

  readonly establishConnection: EstablishConnection = (session, local, remote, how) => {
    const call: Call = { session, local, remote, how, ended: 'pending' };
    this.calls.push(call);
    sessionWriter.setServer(session, remote, undefined, 'operator');
    const behaviour = this.#behaviours.get(formatSockAddr(remote)) ?? { does: 'fail', code: 'connection_refused' };
    if (behaviour.does === 'idle') return this.#connected(call, true);
    return this.#attempt(call, behaviour);
  };

  #connected(call: Call, reused: boolean): FakeServerConnection {
    call.ended = 'connected';
    const connection = new FakeServerConnection(call.remote, reused);
    this.connections.push(connection);
    return connection;
  }

  #attempt(call: Call, behaviour: Exclude<Behaviour, { does: 'idle' }>): Promise<ServerConnection> {
    return new Promise((resolve, reject) => {
      const fail = (ended: Call['ended'], error: ProxyError): void => {
        clearTimeout(timer);
        call.ended = ended;
        reject(error);
      };
      const failure = (code: ProxyErrorCode): ProxyError =>
        new ProxyError(code, `${formatSockAddr(call.remote)}: ${code}.`, { address: call.remote });
      const cancel = (): void => fail('cancelled', failure('connection_terminated'));
      let timer: NodeJS.Timeout | undefined;
      const after = (delay: number | undefined, act: () => void): void => {
        if (delay === undefined) act();
        else timer = setTimeout(act, delay);
      };
      if (behaviour.does === 'deny') {
        return fail('failed', new AccessDeniedError('destination_ip_prohibited', 'Denied.', 'access[0]'));
      }
      if (call.session.aborted || call.how?.signal?.aborted === true) return cancel();
      call.how?.signal?.addEventListener('abort', cancel, { once: true });
      call.session.signal.addEventListener('abort', cancel, { once: true });
      if (behaviour.does === 'accept') after(behaviour.after, () => resolve(this.#connected(call, false)));
      if (behaviour.does === 'fail') after(behaviour.after, () => fail('failed', failure(behaviour.code)));
      if (behaviour.does === 'hang') {
        after(call.how?.connectTimeout ?? 10_000, () => fail('failed', failure('connection_timeout')));
      }
    });
  }
}

/** A resolver that knows what it is told; `cached` says whether it knows it without waiting. */
export class FakeResolver implements Resolver {
  readonly asked: string[] = [];
  readonly #answers = new Map<string, Resolution>();
  readonly #isCached: boolean;

  constructor(answers: Readonly<Record<string, readonly string[]>>, { cached = true } = {}) {
    this.#isCached = cached;
    for (const [host, addresses] of Object.entries(answers)) this.answer(host, addresses);
  }

  answer(host: string, addresses: readonly string[]): void {
    this.#answers.set(host, {
      addresses: addresses.map((address) => ({ family: address.includes(':') ? 'inet6' : 'inet', address })),
    });
  }

  cached(host: string): Resolution | undefined {
    return this.#isCached ? this.#answers.get(host) : undefined;
  }

  resolve(host: string): Promise<Resolution> {
    this.asked.push(host);
    const answer = this.#answers.get(host);
    if (answer !== undefined) return Promise.resolve(answer);
    return Promise.reject(new ProxyError('dns_error', `The name "${host}" could not be resolved: it does not exist.`));
  }
}

const loopback: SockAddr = { family: 'inet', address: '127.0.0.1', port: 50_000 };

/** A session that only chainers look at: its service is never asked. */
export function fakeSession(originalDestination?: SockAddr, address: SockAddr = loopback): Session {
  const client: ClientConnection = {
    id: 1,
    connection: closedStream,
    address,
    local: loopback,
    listener: loopback,
    ...(originalDestination === undefined ? {} : { originalDestination }),
  };
  const service: Service = {
    name: 'fake',
    mode: 'forward',
    get policy(): never {
      throw new Error('A chainer must not read policy.');
    },
    routesByPath: false,
    route: () => undefined,
  };
  return new Session(client, service);
}

const silent = (): void => {};

/** What is logged goes nowhere. */
export const silentLogger: Logger = { debug: silent, info: silent, warn: silent, error: silent };

/** Everything that a plugin's `create` is given. */
export function fakeDeps(
  network: FakeNetwork,
  resolver: Resolver = new FakeResolver({}),
  forgeAddrProblem?: string,
): ChainerDeps {
  return {
    establishConnection: network.establishConnection,
    establishFor: () => network.establishConnection,
    resolver,
    zones: new AddressZones(),
    logger: silentLogger,
    proxies: new Map(),
    nestedChainer: (option) => expect.fail(`nobody asked for the chainer at ${option}`),
    carrier: (option) => expect.fail(`nobody asked for what carries ${option}`),
    forgeAddrProblem: () => forgeAddrProblem,
  };
}
