import type {
  AccessPolicy,
  AddressTranslation,
  AddressZones,
  Chainer,
  EstablishConnection,
  Logger,
  PluginRegistry,
  ProtocolProxy,
  Resolver,
  RouteDefinition,
  Service,
  SessionListener,
  Timers,
  WaitingBytes,
  ZoneDefinition,
} from '@inband/core';
import type { Step } from '@inband/http-proxy';
import type { ConfigPath } from '../../config/problem/problem.ts';
import type { ZoneList } from '../../config/read/zone-lists.ts';
import type { ZoneKeeper } from '../../zones/zone-keeper.ts';
import type { Kind, Planned, Ref } from '../plan/planned.ts';

/** What is made of each kind of planned thing. */
export interface Made {
  readonly zone: readonly [name: string, definition: ZoneDefinition];
  readonly 'zone-table': { readonly zones: AddressZones; readonly keeper: Pick<ZoneKeeper, 'start' | 'close'> };
  readonly resolver: Resolver;
  readonly policy: AccessPolicy;
  readonly nat: AddressTranslation;
  readonly chainer: Chainer;
  readonly route: RouteDefinition;
  readonly service: Service;
  readonly proxy: ProtocolProxy;
}

/** Kinds of which something is made without listening. */
export type PartKind = keyof Made & Kind;

/** What there is once in a process, whatever the configuration. */
export interface BuildDeps {
  /** The way to the network, for chainers whose servers are chosen by the client or by the operator. */
  readonly establisher: (serverChosenBy: 'client' | 'operator') => EstablishConnection;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly onSession?: SessionListener | undefined;
  /** Looks on at the steps of HTTP services, for `inband explain`. */
  readonly watchStep?: ((service: string, step: Step) => Step) | undefined;
  /** Asked for each chainer that is to use forged addresses, by its place: see `ChainerDeps.forgeAddrProblem`. */
  readonly forgeAddrProblem: (path: ConfigPath) => string | undefined;
  readonly registry: PluginRegistry;
  /** The files of zones, read. */
  readonly zoneLists: readonly ZoneList[];
  /** Of all services together. */
  readonly waitingBytes: WaitingBytes;
  /** The name in `Via` where the configuration gives none. */
  readonly pseudonym: string;
}

/** What a maker is given beside the value. */
export interface Maker {
  readonly deps: BuildDeps;
  /** The proxies of services by their names. Complete when everything is made. */
  readonly proxies: ReadonlyMap<string, ProtocolProxy>;
  /** What was made of something that the value refers to. Throws {@link AlreadyReported} if that failed. */
  readonly get: <K extends PartKind>(ref: Ref<K>) => Made[K];
  /** What goes wrong becomes a problem at `path`, so that one run names them all; then it returns undefined. */
  readonly attempt: <T>(path: ConfigPath, make: () => T) => T | undefined;
}

/** Makes a thing of its value and of what the value refers to. */
export type Make<K extends PartKind> = (planned: Planned<K>, maker: Maker) => Made[K];

/** What is wrong is among the problems already, at its own place. */
export class AlreadyReported extends Error {}
