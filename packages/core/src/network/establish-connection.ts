import { formatSockAddr, sameSockAddr, type SockAddr } from '../base/address.ts';
import type { ConnectionLayer, EstablishConnection, EstablishOptions, ServerConnection } from '../routing/chainer.ts';
import type { Connection, Transport } from '../base/connection.ts';
import { dialChannel, poolChannel, sessionChannel } from '../diagnostics/channels.ts';
import { errorFacts } from '../diagnostics/error-facts.ts';
import { cancelled, dial, type DialRequest } from './dial.ts';
import { ProxyError, toProxyError } from '../base/errors.ts';
import { MOST_NESTED } from './nested-tunnels.ts';
import type { Translation } from '../nat/address-translation.ts';
import type { OwnListeners } from './own-listeners.ts';
import { type AccessDecision, accessDenied } from '../policy/access-policy.ts';
import { poolKey, type ServerPool } from './server-pool.ts';
import type { Cancellation, Session } from '../session/session.ts';
import { sourceOf } from './source-address.ts';
import type { Timers } from '../base/timers.ts';

export interface EstablisherDeps {
  readonly transport: Transport;
  readonly pool: ServerPool;
  readonly timers: Timers;
  /** Where a client must not get by way of this proxy. Left out: only where it came from itself. */
  readonly ownListeners?: OwnListeners | undefined;
}

/** Milliseconds for a dial when the chainer does not say. */
export const defaultConnectTimeout = 10_000;

const asUsual: EstablishOptions = {};

/**
 * Makes the one way to the network. It is handed out per chainer, bound to who chooses that chainer's servers,
 * because the safe defaults of the policy depend on it.
 */
export function createEstablisher(
  deps: EstablisherDeps,
): (serverChosenBy: 'client' | 'operator') => EstablishConnection {
  return (serverChosenBy) =>
    (session, local, remote, how = asUsual) => {
      // Who uses neither of these pays nothing for them.
      const translation = session.service.nat?.destination(session.client.address, remote);
      const server = translation?.address ?? remote;
      const refusal =
        note(session, remote, serverChosenBy, translation) ?? loop(deps, session, server, serverChosenBy, translation);
      if (refusal !== undefined) return Promise.reject(refusal);
      const source = sourceOf(deps.transport, session, local, server, how);
      if (source instanceof ProxyError) return Promise.reject(source);
      const forged = how.forgeAddr === true;
      const key = poolKey(source, server, how.tls?.id, forged);
      if (how.reuse !== false && session.mayReuse) {
        const idle =
          session.client.bound?.takeSame(session, key) ?? deps.pool.take(key, session.client, session.reuseWithin);
        if (poolChannel.hasSubscribers) publishReuse(session, server, idle);
        if (idle !== undefined) return idle;
      }
      return connect(deps, session, { local: source, remote: server, transparent: forged }, how, key);
    };
}

type Chooser = 'client' | 'operator';

/** Step 1: the session says where it is going, and whether it may. */
function note(
  session: Session,
  remote: SockAddr,
  serverChosenBy: Chooser,
  translation: Translation | undefined,
): ProxyError | undefined {
  const server = translation?.address ?? remote;
  session.serverAddress = server;
  session.serverChosenBy = serverChosenBy;
  if (translation !== undefined || session.resolvedAddress !== undefined) {
    session.resolvedAddress = translation && remote;
  }
  session.decision = judgeServer(session, remote, serverChosenBy, translation);
  if (sessionChannel.hasSubscribers) publishDecision(session, session.decision, server, serverChosenBy);
  return refusalOf(session, session.decision, server);
}

/**
 * Step 1 for a connection that is there already: the same questions about the same server. `remote` is its address before
 * translation. Says why this session may not use it, or `moved` when address translation leads elsewhere by now.
 */
export function judgeAgain(
  session: Session,
  remote: SockAddr,
  server: SockAddr,
  serverChosenBy: Chooser,
): ProxyError | 'moved' | undefined {
  const translation = session.service.nat?.destination(session.client.address, remote);
  if (!sameSockAddr(translation?.address ?? remote, server)) return 'moved';
  return note(session, remote, serverChosenBy, translation);
}

/**
 * What the service's policy says about connecting to `remote`, or to what a rule of its address translation has made of
 * it: the translated address is judged. Where the rule says where it leads, it is the operator's choice, whoever named
 * `remote`. Behind a NAT64 translator stands an IPv4 server, so both must be allowed: that one, and the translator, which
 * is the operator's choice where a rule led there.
 */
export function judgeServer(
  session: Session,
  remote: SockAddr,
  serverChosenBy: Chooser,
  translation?: Translation,
): AccessDecision {
  const { nat } = session.service;
  if (nat === undefined) return decide(session, remote, serverChosenBy);
  const server = translation?.address ?? remote;
  const chooser = translation?.isOperatorsChoice === true ? 'operator' : serverChosenBy;
  const inner = nat.behindTranslator(server);
  if (inner === undefined) return decide(session, server, chooser);
  const first = decide(session, inner, chooser);
  if (first.verdict !== 'allow') return first;
  const second = decide(session, server, translation === undefined ? serverChosenBy : 'operator');
  return second.verdict === 'allow' ? first : second;
}

function decide(session: Session, server: SockAddr, serverChosenBy: Chooser): AccessDecision {
  return session.service.policy.decide({
    client: session.client.address,
    server,
    serverChosenBy,
    target: session.target,
    method: session.method,
    user: session.user,
  });
}

/** Step 1: the address that was judged is the address that is dialled below. */
function refusalOf(session: Session, decision: AccessDecision, remote: SockAddr): ProxyError | undefined {
  if (decision.verdict !== 'allow') return accessDenied(decision, remote);
  return session.aborted ? cancelled(remote) : undefined;
}

/**
 * What leads back to this proxy, past the rules of the listener that the client uses, or in a circle. Where a rule of the
 * operator's says where an address leads, that is the operator's choice.
 */
function loop(
  deps: EstablisherDeps,
  session: Session,
  server: SockAddr,
  chosenBy: Chooser,
  translation: Translation | undefined,
): ProxyError | undefined {
  if (chosenBy === 'client') {
    const { ownListeners, transport } = deps;
    const mayBeOwn = ownListeners !== undefined && translation?.isOperatorsChoice !== true;
    if (isWhereItCameIn(session, server) || (mayBeOwn && ownListeners.accept(server, transport))) return itself(server);
  }
  if (session.method !== 'CONNECT' || deps.pool.tunnels.depthOf(session.client.address) < MOST_NESTED) return undefined;
  const message = `This client is the proxy itself, ${MOST_NESTED} tunnels deep: a route or an address leads back to it.`;
  return new ProxyError('proxy_loop_detected', message, { address: server });
}

function itself(server: SockAddr): ProxyError {
  return new ProxyError('proxy_loop_detected', `${formatSockAddr(server)} is this proxy itself.`, { address: server });
}

function isWhereItCameIn(session: Session, remote: SockAddr): boolean {
  const { listener, local, originalDestination } = session.client;
  if (sameSockAddr(remote, listener)) return true;
  // Where an intercepted client (TPROXY) was going is the local address of its connection, and not ours.
  return (
    sameSockAddr(remote, local) && !(originalDestination !== undefined && sameSockAddr(originalDestination, local))
  );
}

/** Step 3. Step 2, reuse, needs no more than the pool's answer. */
async function connect(
  deps: EstablisherDeps,
  session: Session,
  path: Pick<DialRequest, 'local' | 'remote' | 'transparent'>,
  how: EstablishOptions,
  key: string,
): Promise<ServerConnection> {
  const { remote } = path;
  const timeout = how.connectTimeout ?? defaultConnectTimeout;
  const judged = { decision: session.decision, resolvedAddress: session.resolvedAddress };
  // Only here: a signal may be made by asking for it, and an idle connection needs none.
  const signals = how.signal === undefined ? [session] : [session, how.signal];
  const start = performance.now();
  if (dialChannel.hasSubscribers) {
    dialChannel.publish({ event: 'started', session: session.id, server: remote, local: path.local, timeout });
  }
  try {
    const makeRoom = (error: Error): void => {
      if (dialChannel.hasSubscribers) {
        dialChannel.publish({ event: 'waiting', session: session.id, server: remote, error: errorFacts(error) });
      }
      deps.pool.makeRoom();
    };
    const plain = await dial(deps.transport, deps.timers, { ...path, timeout, signals, makeRoom });
    const roundTrip = performance.now() - start;
    const left = timeout - roundTrip;
    const connection = how.tls === undefined ? plain : await wrap(how.tls, plain, session, { left, signals });
    if (signals.some((signal) => signal.aborted)) {
      // Cancelled in the very turn in which it connected.
      connection.destroy();
      throw cancelled(remote);
    }
    record(session, remote, start);
    // Another address may have been judged while this one was dialled.
    session.serverAddress = remote;
    Object.assign(session, judged);
    // Through a tunnel a client may speak to this proxy again.
    const depth = session.method === 'CONNECT' ? deps.pool.tunnels.depthOf(session.client.address) + 1 : 0;
    return deps.pool.adopt(connection, remote, key, { depth, client: session.client, roundTrip });
  } catch (error) {
    const failure = toProxyError(error);
    record(session, remote, start, failure);
    throw failure;
  }
}

/** Lets the layer take the connection over, within what is left of the time, unless it is cancelled. */
async function wrap(
  layer: ConnectionLayer,
  plain: Connection,
  session: Session,
  bounds: { readonly left: number; readonly signals: readonly Cancellation[] },
): Promise<Connection> {
  const timeUp = new ProxyError(
    'connection_timeout',
    `${formatSockAddr(plain.remote)} did not finish its handshake in time.`,
    { address: plain.remote, setting: 'chainer.connectTimeout' },
  );
  const { promise: givenUp, reject } = Promise.withResolvers<never>();
  let abandoned = false;
  const giveUp = (error: ProxyError): void => {
    abandoned = true;
    plain.destroy(error);
    reject(error);
  };
  const onAbort = (): void => giveUp(cancelled(plain.remote));
  const timer = setTimeout(() => giveUp(timeUp), Math.max(1, bounds.left));
  for (const signal of bounds.signals) {
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort);
  }
  const wrapping = async (): Promise<Connection> => {
    const connection = await layer.wrap(plain, session);
    // Given up in the meantime: nobody is left to own it.
    if (abandoned) connection.destroy();
    return connection;
  };
  try {
    return await Promise.race([wrapping(), givenUp]);
  } catch (error) {
    // A layer destroys what it could not wrap; one that broke that promise leaves nothing open either.
    plain.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    for (const signal of bounds.signals) signal.removeEventListener('abort', onAbort);
  }
}

function record(session: Session, address: SockAddr, start: number, failure?: ProxyError): void {
  const duration = performance.now() - start;
  if (dialChannel.hasSubscribers) publishAttempt(session, address, duration, failure);
  const attempt = failure === undefined ? { address, duration } : { address, duration, error: failure.code };
  // Mostly it stays the only one: a list that grows has room for many more.
  if (session.attempts === undefined) session.attempts = [attempt];
  else session.attempts.push(attempt);
}

function publishDecision(
  session: Session,
  { verdict, rule }: AccessDecision,
  server: SockAddr,
  serverChosenBy: Chooser,
): void {
  const { id, resolvedAddress: resolved } = session;
  sessionChannel.publish({ event: 'decided', session: id, server, resolved, serverChosenBy, verdict, rule });
}

function publishReuse(session: Session, server: SockAddr, idle: ServerConnection | undefined): void {
  const common = { session: session.id, client: session.client.id, server };
  if (idle === undefined) return poolChannel.publish({ event: 'miss', ...common });
  poolChannel.publish({ event: 'hit', ...common, bound: idle.belongsToClient === true, connection: idle.id });
}

function publishAttempt(session: Session, server: SockAddr, milliseconds: number, failure?: ProxyError): void {
  const common = { session: session.id, server, milliseconds };
  if (failure === undefined) dialChannel.publish({ event: 'connected', ...common });
  else dialChannel.publish({ event: 'failed', ...common, error: errorFacts(failure) });
}
