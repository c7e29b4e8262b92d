import type {
  AccessPolicy,
  AddressTranslation,
  AddressZones,
  Chainer,
  CompiledRoute,
  CompilePattern,
  ConnectionGate,
  EstablishConnection,
  LimitStates,
  Logger,
  Notices,
  PluginRegistry,
  ProtocolProxy,
  Resolver,
  ResolverWatcher,
  RevokedTokens,
  Service,
  ServiceFilter,
  SessionListener,
  SessionListenerSlot,
  SharedGuesses,
  Timers,
  WaitingBytes,
  ZoneDefinition,
} from '@inband/core';
import type { Step } from '@inband/http-proxy';
import type { FollowedCertificates, FollowedTrust, HandshakeOutcome } from '@inband/tls';
import type { AcmeView } from '../../acme/acme-view.ts';
import type { ConfigPath } from '../../config/problem/problem.ts';
import type { LoadedTls } from '../../config/tls/load-tls.ts';
import type { LoadedServerTls } from '../../config/plugins/load-server-tls.ts';
import type { PreparedPlugins } from '../../config/plugins/prepare-plugins.ts';
import type { HostLists } from '../../config/lists/host-lists.ts';
import type { ZoneList } from '../../config/lists/zone-lists.ts';
import type { TicketKeySource } from '../../session-tickets/ticket-keys.ts';
import type { Tracing } from '../../tracing/open-tracing.ts';
import type { FollowedHostList } from '../../lists/followed-host-list.ts';
import type { ZoneKeeper } from '../../zones/zone-keeper.ts';
import type { Kind, Planned, Ref } from '../plan/planned.ts';
import type { FollowedServerTls } from './followed-server-tls.ts';

/** The objects that are made of planned values, by kind. */
export interface Made {
  readonly certificates: FollowedCertificates;
  readonly trust: FollowedTrust;
  readonly zone: readonly [name: string, definition: ZoneDefinition];
  readonly 'zone-table': { readonly zones: AddressZones; readonly keeper: Pick<ZoneKeeper, 'start' | 'close'> };
  readonly resolver: Resolver;
  readonly 'host-list': FollowedHostList;
  readonly policy: AccessPolicy;
  readonly nat: AddressTranslation;
  readonly 'server-tls': FollowedServerTls;
  readonly chainer: Chainer;
  readonly filter: ServiceFilter;
  readonly route: CompiledRoute;
  readonly service: Service;
  readonly proxy: ProtocolProxy;
}

/** Kinds that `Build` makes objects of. */
export type PartKind = keyof Made & Kind;

/** What makers use beside values: things that exist once in a process. */
export interface BuildDeps {
  /** The way to the network, for chainers whose servers are chosen by the client or by the operator. */
  readonly establisher: (serverChosenBy: 'client' | 'operator') => EstablishConnection;
  /** See `ChainerDeps.idleConnections`. */
  readonly idleConnections?: ((key: string) => number) | undefined;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly onSession?: SessionListener | SessionListenerSlot | undefined;
  /** Looks on at the steps of HTTP services, for `inband explain`. */
  readonly watchStep?: ((service: string, step: Step) => Step) | undefined;
  /** Makes what counts the look-ups of a resolver of a type. */
  readonly watchResolver?: ((type: string) => ResolverWatcher) | undefined;
  /** Asked for each chainer that is to use forged addresses, by its place: see `ChainerDeps.forgeAddrProblem`. */
  readonly forgeAddrProblem: (path: ConfigPath) => string | undefined;
  /** See `AuthDeps`. */
  readonly revoked?: RevokedTokens | undefined;
  readonly guesses?: SharedGuesses | undefined;
  /** What is kept by ACME, where clients are served. */
  readonly acme?: AcmeView | undefined;
  /** What the workers of a machine tell each other, in one of them. */
  readonly notices?: Notices | undefined;
  readonly registry: PluginRegistry;
  /** The files of zones, read. */
  readonly zoneLists: readonly ZoneList[];
  /** The files of hosts, read. */
  readonly hostLists: HostLists;
  /** Where a listener has TLS. */
  readonly tls?: LoadedTls | undefined;
  /** Where a rule has a pattern. */
  readonly compilePattern?: CompilePattern | undefined;
  /** Counts TLS handshakes with clients. */
  readonly onHandshake?: ((outcome: HandshakeOutcome) => void) | undefined;
  /** The same with servers. */
  readonly onServerHandshake?: ((outcome: HandshakeOutcome) => void) | undefined;
  /** The keys of session tickets, where clients are served. */
  readonly ticketKeys?: TicketKeySource | undefined;
  /** Whether certificates that expire soon are logged. Default: true. Of several processes one is enough. */
  readonly tellsExpiry?: boolean | undefined;
  /** Where a chainer has TLS to its servers. */
  readonly serverTls?: LoadedServerTls | undefined;
  /** What plugins have prepared for their chainers and for ways to authenticate, by their places. */
  readonly prepared: PreparedPlugins;
  /** Of all services together. */
  readonly waitingBytes: WaitingBytes;
  /** What is counted for the limits of services. */
  readonly limitStates: LimitStates;
  /** Counts the clients of all listeners, where clients are served. */
  readonly gate?: ConnectionGate | undefined;
  /** The name in `Via` where the configuration gives none. */
  readonly pseudonym: string;
  /** For `inband explain`: who the client is said to be. Then nobody is asked who it is but its connection. */
  readonly clientIs?: SaidUser | undefined;
  /** Undefined where nothing is traced. */
  readonly tracing?: Pick<Tracing, 'tracerFor'> | undefined;
}

/** Who a client is said to be; `user` is undefined where that is not said. */
export interface SaidUser {
  readonly user: string | undefined;
  readonly groups: readonly string[];
}

/** What a `make` function gets beside the value. */
export interface Maker {
  readonly deps: BuildDeps;
  /** The proxies of services by their names. Complete when everything is made. */
  readonly proxies: ReadonlyMap<string, ProtocolProxy>;
  /** The object of a value that the own value refers to. Throws {@link AlreadyReported} if it could not be made. */
  readonly get: <K extends PartKind>(ref: Ref<K>) => Made[K];
  /** Calls `make`. An error becomes a problem at `path`, so that one run reports all of them; then the result is undefined. */
  readonly attempt: <T>(path: ConfigPath, make: () => T) => T | undefined;
}

/** Makes the object of a value. */
export type Make<K extends PartKind> = (planned: Planned<K>, maker: Maker) => Made[K];

/** The error is among the problems already. */
export class AlreadyReported extends Error {}
