import {
  type ClientConnection,
  type ConnectionHandler,
  createEstablisher,
  createMemoryNetwork,
  formatSockAddr,
  type ProtocolProxy,
  ServerPool,
  type SessionRecord,
  type SockAddr,
  Timers,
} from '@inband/core';
import { acceptProtocols } from '@inband/http-proxy';
import type { ParsedConfig } from '../config/parse-config.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import { silentLogger } from '../log/logging.ts';
import type { AssemblyDeps } from '../run/build/assemble.ts';
import { conclude, stepsTaken } from './conclusion.ts';
import { dryTransport, recording } from './dry-network.ts';
import { addressInUrl, isListener, MADE_TO_ITSELF, type Outcome, schemeMismatch } from './explain-interception.ts';
import { protocolMismatch } from './explain-protocol.ts';
import { type ExplainQuery, hostOf, refuseQuery, requestBytes } from './explain-query.ts';
import { explainTls, type ExplainedTls } from './explain-tls.ts';
import { limitsOn } from './explained-limits.ts';
import { addressOf, listenersOf, localAddress } from './explained-listener.ts';
import { type ExplainedParts, type InUse, partsFor } from './explained-parts.ts';
import { ExplainedPick } from './explained-pick.ts';
import type { ExplainedServer, Explanation } from './explanation.ts';
import { WatchedSteps } from './watched-steps.ts';

/** Bounds the whole explanation, name resolution included. Milliseconds. */
const LONGEST = 30_000;

/** Where the client comes to. */
interface Arrival extends ExplainedTls {
  readonly listener: ParsedConfig['config']['listeners'][number];
  readonly bind: SockAddr;
  /** Where it was going, if it is intercepted and that is known. */
  readonly destination: SockAddr | undefined;
  /** The service is a proxy that clients know of. */
  readonly isForward: boolean;
}

/**
 * Says what would become of a request, without connecting anywhere: the request runs through the very proxy that the
 * configuration describes, and so through the steps of its service, over a network in memory, and every dial ends before it begins.
 * Names are resolved. `running`: what a running proxy has made of this configuration; its zones, rules and names are used as they are.
 */
export async function explain(
  parsed: ParsedConfig,
  source: ConfigSource,
  query: ExplainQuery,
  running?: InUse,
): Promise<Explanation> {
  refuseQuery(parsed, query);
  const arrival = arrivalOf(parsed, query);
  const { service } = arrival;
  const timers = new Timers();
  const pool = new ServerPool({ timers, idleTimeout: 1_000, maxIdlePerServer: 0, maxIdle: 0 });
  const real = createEstablisher({ transport: dryTransport, pool, timers, ownListeners: listenersOf(parsed) });
  const servers: ExplainedServer[] = [];
  const steps = new WatchedSteps();
  const pick = new ExplainedPick((chainer) => parts.poolOf(chainer));
  const ended = Promise.withResolvers<SessionRecord>();
  const zonesOf = (address: SockAddr): readonly string[] => parts.zones.zonesOf(address);
  const deps: AssemblyDeps = {
    establisher: (chosenBy) => recording(chosenBy, real(chosenBy), servers, zonesOf),
    timers,
    logger: silentLogger,
    onSession: ended.resolve,
    watchStep: (name, step) => (name === service ? steps.watch(pick.watch(step)) : step),
    clientIs: { user: query.user, groups: query.groups ?? [] },
    // Nothing is dialled, so it matters not who may.
    forgeAddrProblem: () => undefined,
  };
  const parts: ExplainedParts = partsFor(parsed, source, deps, running);
  const proxy = parts.proxies.get(service);
  if (proxy === undefined) throw new Error('There is no such listener.');
  const timer = setTimeout(() => ended.reject(new Error('No explanation within 30 seconds.')), LONGEST);
  try {
    await parts.start();
    const who = { client: formatSockAddr(query.client), clientZones: parts.zones.zonesOf(query.client, 'client') };
    const early = outcomeBefore(parsed, query, arrival);
    if (early !== undefined) return { ...who, ...early, service };
    request(proxy, query, arrival, () => ended.reject(new Error('The proxy closed the connection without a word.')));
    const record = await ended.promise;
    const { explanation } = pick;
    return {
      ...who,
      ...conclude(record, service, servers),
      ...(explanation && { pool: explanation }),
      ...(steps.rewritten !== undefined && { rewritten: steps.rewritten }),
      ...limitsOn(parsed.config.services[service]?.limits, { client: query.client, user: record.session.user }),
      steps: stepsTaken(steps.all, servers),
    };
  } finally {
    clearTimeout(timer);
    parts.close();
    pool.close();
    timers.close();
  }
}

function arrivalOf(parsed: ParsedConfig, query: ExplainQuery): Arrival {
  const { listeners, services } = parsed.config;
  const listener = listeners[query.listener];
  if (listener === undefined) throw new Error('There is no such listener.');
  const host = services[listener.service ?? '']?.mode === 'forward' ? undefined : hostOf(query);
  const made = explainTls(parsed, query.listener, { host, identity: query.certificate });
  return {
    ...made,
    listener,
    bind: addressOf(listener.bind),
    destination: listener.transparent && (query.destination ?? addressInUrl(query.url)),
    isForward: services[made.service]?.mode === 'forward',
  };
}

/** What becomes of a client that no proxy gets a request of. */
function outcomeBefore(
  { config }: ParsedConfig,
  query: ExplainQuery,
  { listener, bind, destination: goal, outcome, isForward }: Arrival,
): (Outcome & Pick<Explanation, 'destination'>) | undefined {
  const destination = goal && formatSockAddr(goal);
  if (goal !== undefined && isListener(goal, bind)) return { ...MADE_TO_ITSELF, destination };
  const wrongScheme = isForward ? undefined : schemeMismatch(query, listener, formatSockAddr(bind), config.listeners);
  if (wrongScheme !== undefined) return { ...wrongScheme, destination };
  const last = outcome ?? protocolMismatch(query.socks ?? 'http', listener.accept, formatSockAddr(bind));
  return last && { ...last, destination: undefined };
}

/** Has the proxy serve the request, as that of a client that has come to the listener. */
function request(
  proxy: ProtocolProxy,
  query: ExplainQuery,
  { listener, bind, destination, tls, isForward }: Arrival,
  closed: () => void,
): void {
  const server = (listener.transparent === 'tproxy' && destination) || localAddress(bind, query.client);
  const pair = createMemoryNetwork().connectPair({ client: query.client, server });
  const client: ClientConnection = {
    id: 1,
    connection: pair.server,
    address: query.client,
    local: pair.server.local,
    listener: bind,
    ...(destination && { originalDestination: destination }),
    ...(tls && { tls }),
    ...(query.at !== undefined && { at: query.at }),
  };
  const front = query.socks === undefined ? proxy : acceptProtocols(proxy, listener.accept);
  front.accept(client);
  pair.client.handler = onClose(closed);
  pair.client.write(requestBytes(query, isForward));
  pair.client.resume();
}

function ignore(): void {}

function onClose(closed: () => void): ConnectionHandler {
  return { data: ignore, drained: ignore, ended: ignore, closed };
}
