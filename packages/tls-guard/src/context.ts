import {
  type ByteLimits,
  type ConnectionPlaces,
  FIRST_MOMENT,
  NamePatterns,
  SessionEnds,
  type ProxyEnd,
  silentClients,
  WaitingBytes,
  type TimeoutList,
  type Logger,
  type Service,
  type SessionListener,
  type SessionListenerSlot,
  type SessionTracer,
  type Timers,
} from '@inband/core';
import type { TlsGuardOptions } from './options.ts';

export interface TlsGuardDeps {
  readonly service: Service;
  readonly options: TlsGuardOptions;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Bounds the unparsed bytes of all clients. Services may share one. When absent, this service has one of its own. */
  readonly waitingBytes?: WaitingBytes;
  /** Called with the record of every tunnel when it ends. */
  readonly onSession?: SessionListener | SessionListenerSlot;
  /** Told of every tunnel. Without it nothing is traced. */
  readonly tracer?: SessionTracer | undefined;
  /** Counts the connections of its clients. Undefined where they are not limited. */
  readonly places?: ConnectionPlaces | undefined;
  /** How fast its tunnels may be, and how many bytes there may be. Undefined: as fast and many as there are. */
  readonly bytes?: ByteLimits | undefined;
}

/** Milliseconds after which a chainer that has not connected fails, whatever timeouts it has itself. */
export const LONGEST_CONNECT = 60_000;

/** The dependencies and options that all tunnels of one guard share. */
export interface GuardContext {
  readonly service: Service;
  readonly options: TlsGuardOptions;
  readonly logger: Logger;
  readonly sessionEnds: SessionEnds;
  readonly tracer: SessionTracer | undefined;
  readonly places: ConnectionPlaces | undefined;
  readonly bytes: ByteLimits | undefined;
  readonly end: ProxyEnd;
  /** Called for intercepted clients that sent nothing, because their access line does not say where they were going. */
  readonly onSilent: ReturnType<typeof silentClients>;
  readonly waitingBytes: WaitingBytes;
  readonly allowed: NamePatterns;
  /** The path of `allow` in the configuration, which errors name. */
  readonly setting: string;
  readonly waits: {
    readonly hello: TimeoutList;
    readonly first: TimeoutList;
    readonly connect: TimeoutList;
    readonly tunnelIdle: TimeoutList;
    readonly tunnelHalfClose: TimeoutList;
  };
}

/** Throws a `PolicyConfigurationError` when an entry of `allow` cannot be a server name. */
export function createContext(deps: TlsGuardDeps): GuardContext {
  const { service, options, timers, logger, onSession } = deps;
  const base = `services.${service.name}.tls`;
  const end: ProxyEnd = { request: undefined, tunnel: undefined };
  return {
    service,
    tracer: deps.tracer,
    places: deps.places,
    bytes: deps.bytes,
    options,
    logger,
    onSilent: silentClients(logger),
    end,
    sessionEnds: new SessionEnds(onSession, logger, end),
    waitingBytes: deps.waitingBytes ?? new WaitingBytes(),
    allowed: NamePatterns.compile(base, ['allow'], options.allow),
    setting: `${base}.allow`,
    waits: {
      hello: timers.list(options.helloTimeout),
      first: timers.list(Math.min(FIRST_MOMENT, options.helloTimeout)),
      connect: timers.list(LONGEST_CONNECT),
      tunnelIdle: timers.list(options.tunnelIdleTimeout),
      tunnelHalfClose: timers.list(Math.min(options.tunnelHalfCloseTimeout, options.tunnelIdleTimeout)),
    },
  };
}
