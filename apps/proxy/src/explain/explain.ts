import { SidestackChainer } from '@inband/chainers';
import {
  AccessDeniedError,
  type ClientConnection,
  type ConnectionHandler,
  createEstablisher,
  createMemoryNetwork,
  formatSockAddr,
  LimitStates,
  OwnListeners,
  ProxyError,
  ServerPool,
  type SessionRecord,
  type SessionRoute,
  type SockAddr,
  Timers,
  WaitingBytes,
} from '@inband/core';
import { acceptProtocols } from '@inband/http-proxy';
import type { Bind } from '../config/schema/bind.ts';
import { assemble, type AssemblyDeps } from '../run/build/assemble.ts';
import type { ParsedConfig } from '../config/parse-config.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import { type ExplainedParts, type InUse, PartsInUse, poolIn } from './explained-parts.ts';
import { dryTransport, recording } from './dry-network.ts';
import { limitsOn } from './explained-limits.ts';
import { ExplainedPick } from './explained-pick.ts';
import { processPseudonym } from '../run/build/pseudonym.ts';
import type { ExplainedServer, Explanation } from './explanation.ts';
import { addressInUrl, isListener, MADE_TO_ITSELF, schemeMismatch, WHERE_TO } from './explain-interception.ts';
import { protocolMismatch, socksRequest, type SocksProtocol } from './explain-protocol.ts';
import { explainTls } from './explain-tls.ts';
import { silentLogger } from '../log/logging.ts';
import { type ExplainedStep, WatchedSteps } from './watched-steps.ts';

/** What is asked of {@link explain}. */
export interface ExplainQuery {
  readonly client: SockAddr;
  /** Which listener the client comes to: its place in the configuration. */
  readonly listener: number;
  /** Where an intercepted client was going. Undefined: to the address in the URL, if that is one. */
  readonly destination?: SockAddr | undefined;
  readonly method: string;
  /** A URL, or `host:port` for CONNECT. */
  readonly url: string;
  /** A name in the certificate that the client shows: a URI, a DNS name, an e-mail address, or `sha256:…`. Undefined: it shows none. */
  readonly certificate?: string | undefined;
  /** Who the client has logged in as, where the service has `auth`. Undefined: it shows no credentials. */
  readonly user?: string | undefined;
  /** The groups of that user. */
  readonly groups?: readonly string[] | undefined;
  /** Further fields of the request, `name: value` each. */
  readonly fields?: readonly string[] | undefined;
  /** The time that counts for rules and routes, in milliseconds since 1970. Undefined: now. */
  readonly at?: number | undefined;
  /** The client asks by SOCKS. The method is CONNECT then. */
  readonly socks?: SocksProtocol | undefined;
}

/** Bounds the whole explanation, name resolution included. Milliseconds. */
const LONGEST = 30_000;

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
  refuseGuard(parsed, query);
  const asked = parsed.config.listeners[query.listener] ?? { service: undefined, tls: undefined, accept: ['http'] };
  refuseUser(parsed, query, asked.service);
  const isProxy = parsed.config.services[asked.service ?? '']?.mode === 'forward';
  const host = isProxy ? undefined : hostOf(query);
  const { outcome, service, tls } = explainTls(parsed, query.listener, { host, identity: query.certificate });
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
  const parts: ExplainedParts = running === undefined ? assembled(parsed, source, deps) : inUse(parsed, running, deps);
  const { bind: written, transparent } = parsed.config.listeners[query.listener] ?? {};
  const bind = written && addressOf(written);
  const proxy = parts.proxies.get(service);
  const mode = parsed.config.services[service]?.mode;
  if (bind === undefined || proxy === undefined) throw new Error('There is no such listener.');
  const who = (): Pick<Explanation, 'client' | 'clientZones'> => ({
    client: formatSockAddr(query.client),
    clientZones: parts.zones.zonesOf(query.client, 'client'),
  });
  const timer = setTimeout(() => ended.reject(new Error('No explanation within 30 seconds.')), LONGEST);
  try {
    await parts.start();
    const network = createMemoryNetwork();
    const originalDestination = transparent && (query.destination ?? addressInUrl(query.url));
    if (originalDestination !== undefined && isListener(originalDestination, bind)) {
      return { ...who(), ...MADE_TO_ITSELF, service, destination: formatSockAddr(originalDestination) };
    }
    const wrongScheme =
      mode === 'forward' ? undefined : schemeMismatch(query, asked, formatSockAddr(bind), parsed.config.listeners);
    if (wrongScheme !== undefined) {
      const destination = originalDestination && formatSockAddr(originalDestination);
      return { ...who(), ...wrongScheme, service, destination };
    }
    if (outcome !== undefined) return { ...who(), ...outcome, service, destination: undefined };
    const { accept } = asked;
    const wrongProtocol = protocolMismatch(query.socks ?? 'http', accept, formatSockAddr(bind));
    if (wrongProtocol !== undefined) return { ...who(), ...wrongProtocol, service, destination: undefined };
    const server = (transparent === 'tproxy' && originalDestination) || localAddress(bind, query.client);
    const pair = network.connectPair({ client: query.client, server });
    const client: ClientConnection = {
      id: 1,
      connection: pair.server,
      address: query.client,
      local: pair.server.local,
      listener: bind,
      ...(originalDestination && { originalDestination }),
      ...(tls && { tls }),
      ...(query.at !== undefined && { at: query.at }),
    };
    const front = query.socks === undefined ? proxy : acceptProtocols(proxy, accept);
    front.accept(client);
    pair.client.handler = onClose(() => ended.reject(new Error('The proxy closed the connection without a word.')));
    pair.client.write(requestBytes(query, mode === 'forward'));
    pair.client.resume();
    const record = await ended.promise;
    const { explanation } = pick;
    return {
      ...who(),
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

/** The host of a URL, without brackets. */
function hostOf({ url }: ExplainQuery): string | undefined {
  const [, six, other] = /^https?:\/\/(?:\[([^\]]+)\]|([^/?#:]+))/i.exec(url) ?? [];
  return (six ?? other)?.toLowerCase();
}

/** Everything that the configuration makes, made for this. */
function assembled(parsed: ParsedConfig, source: ConfigSource, deps: AssemblyDeps): ExplainedParts {
  const assembly = assemble(parsed, source, deps);
  const { proxies, zones, zoneKeeper, build } = assembly;
  const { chainer: made } = build.made;
  return {
    proxies,
    zones,
    poolOf: (chainer) => poolIn(chainer, made, made),
    start: () => zoneKeeper.start(),
    close: () => assembly.close(),
  };
}

function inUse(
  { registry, zoneLists, hostLists, serverTls, prepared, config }: ParsedConfig,
  running: InUse,
  deps: AssemblyDeps,
): ExplainedParts {
  const waitingBytes = new WaitingBytes(config.limits.partialHeads);
  return new PartsInUse(running, {
    ...deps,
    registry,
    zoneLists,
    hostLists,
    serverTls,
    prepared,
    waitingBytes,
    // An explanation counts for nobody.
    limitStates: new LimitStates(),
    pseudonym: processPseudonym(),
  });
}

/** What a guard reads is a TLS handshake; there is no URL to ask it about. */
function refuseGuard({ config }: ParsedConfig, { listener }: ExplainQuery): void {
  const name = config.listeners[listener]?.service ?? '';
  if (config.services[name]?.proxy !== 'tls') return;
  const message = `The service "${name}" is a TLS guard; only HTTP services can be explained. The log says why a tunnel was refused.`;
  throw new ProxyError('proxy_configuration_error', message, { setting: `services.${name}.proxy` });
}

/** Where nobody is asked, nobody has a user. */
function refuseUser({ config }: ParsedConfig, { user }: ExplainQuery, service = ''): void {
  if (user === undefined || config.services[service]?.auth !== undefined) return;
  const message = `The service "${service}" has no "auth", so that its clients have no users.`;
  throw new ProxyError('proxy_configuration_error', message, { setting: `services.${service}.auth` });
}

/** Where the proxy would listen; a port that is not known yet is nowhere. */
function listenersOf({ config }: ParsedConfig): OwnListeners {
  const own = new OwnListeners();
  for (const { bind } of config.listeners) own.add(addressOf(bind));
  return own;
}

/** A socket of systemd may be bound to any address; only its unit says which. */
function addressOf(bind: Bind): SockAddr {
  return bind.family === 'systemd' ? { family: 'inet6', address: '::', port: 0 } : bind;
}

/** Where a client reaches a listener on a wildcard address: on loopback, as good as any. */
function localAddress(bind: SockAddr, client: SockAddr): SockAddr {
  if (bind.family === 'unix' || (bind.address !== '::' && bind.address !== '0.0.0.0')) return bind;
  return client.family === 'inet6'
    ? { family: 'inet6', address: '::1', port: bind.port }
    : { family: 'inet', address: '127.0.0.1', port: bind.port };
}

/** The request as a client would send it: to a proxy with the whole URL, to a server with its path. */
function requestBytes({ method, url, socks, fields = [] }: ExplainQuery, isForward: boolean): Buffer {
  if (socks !== undefined) return socksRequest(socks, url);
  const [, authority = url, path = ''] = /^[a-z]+:\/\/([^/?#]*)([^#]*)/i.exec(url) ?? [];
  const target = method === 'CONNECT' ? authority : isForward ? url.replace(/#.*/, '') : path || '/';
  const lines = [`${method} ${target} HTTP/1.1`, `Host: ${authority}`, 'Connection: close', ...fields];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

/** Of a request that would be connected nothing is sent, because no dial of a dry run succeeds: that refuses nothing. */
function stepsTaken(steps: readonly ExplainedStep[], servers: readonly ExplainedServer[]): readonly ExplainedStep[] {
  const isAllowed = servers.some(({ verdict }) => verdict === 'allow');
  return steps.map((step) => (isAllowed && step.outcome === 'refuses' ? { ...step, outcome: 'passes' } : step));
}

function ignore(): void {}

function onClose(closed: () => void): ConnectionHandler {
  return { data: ignore, drained: ignore, ended: ignore, closed };
}

function conclude(
  record: SessionRecord,
  service: string,
  servers: readonly ExplainedServer[],
): Omit<Explanation, 'client' | 'clientZones' | 'steps'> {
  const { session, error } = record;
  const { originalDestination } = session.client;
  const chainer = session.route?.chainer;
  const { user, groups } = session;
  const route = {
    ...(user !== undefined && { user, groups: groups ?? [] }),
    service,
    destination: originalDestination && formatSockAddr(originalDestination),
    route: session.route?.name,
    chainer: chainer?.kind,
    through: stackedBy(chainer),
    servers,
  };
  const allowed = servers.find(({ verdict }) => verdict === 'allow');
  if (allowed !== undefined) {
    return {
      ...route,
      verdict: 'allow',
      rule: allowed.rule,
      ...listOf(allowed),
      reason: allowed.reason,
      error: undefined,
      status: undefined,
    };
  }
  const failed = { ...route, error: error?.code, status: error?.status ?? record.status };
  const denied = servers.at(-1);
  if (denied !== undefined)
    return { ...failed, verdict: 'deny', rule: denied.rule, ...listOf(denied), reason: denied.reason };
  const reason = error?.message ?? `The proxy answers it by itself, with ${record.status}.`;
  const rule = error instanceof AccessDeniedError ? error.rule : undefined;
  if (error?.setting === 'listeners[].transparent') return { ...failed, verdict: 'depends', rule, reason: WHERE_TO };
  const unresolved = error?.code === 'dns_error' || error?.code === 'dns_timeout';
  if (unresolved) return { ...failed, verdict: 'depends', rule, reason: `The name could not be resolved: ${reason}` };
  const list = error instanceof AccessDeniedError ? listOf(error) : {};
  return { ...failed, verdict: error === undefined ? 'allow' : 'deny', rule, ...list, reason };
}

/** Where the rule found the host in a list: which one. */
function listOf({ list }: { readonly list?: string | undefined }): { readonly list?: string } {
  return list === undefined ? {} : { list };
}

function stackedBy(chainer: SessionRoute['chainer'] | undefined): string[] {
  return chainer instanceof SidestackChainer ? [chainer.service, ...stackedBy(chainer.chainer)] : [];
}
