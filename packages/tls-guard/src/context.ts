import {
  FIRST_MOMENT,
  HostList,
  sessionTeller,
  tellingOfStops,
  type ProxyEnd,
  silentClients,
  WaitingBytes,
  type TimeoutList,
  type Logger,
  type Service,
  type SessionListener,
  type Timers,
} from '@inband/core';
import type { TlsGuardOptions } from './options.ts';

export interface TlsGuardDeps {
  readonly service: Service;
  readonly options: TlsGuardOptions;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Bounds what all clients of several services have sent that cannot be used yet. Left out: one for this service alone. */
  readonly waitingBytes?: WaitingBytes;
  /** Hears of every tunnel at its end. */
  readonly onSession?: SessionListener;
}

/** Milliseconds that a chainer may take, whatever the time limits of its own. */
export const LONGEST_CONNECT = 60_000;

/** What all tunnels of one guard share. */
export interface GuardContext {
  readonly service: Service;
  readonly options: TlsGuardOptions;
  readonly logger: Logger;
  readonly onSession: SessionListener | undefined;
  readonly end: ProxyEnd;
  /** Hears of intercepted clients that said nothing: their access line does not tell where they were going. */
  readonly onSilent: ReturnType<typeof silentClients>;
  readonly waitingBytes: WaitingBytes;
  readonly allowed: HostList;
  /** Path of `allow` in the configuration. */
  readonly setting: string;
  readonly waits: {
    readonly hello: TimeoutList;
    readonly first: TimeoutList;
    readonly connect: TimeoutList;
    readonly tunnelIdle: TimeoutList;
    readonly tunnelHalfClose: TimeoutList;
  };
}

/** Throws a `PolicyConfigurationError` when `allow` holds what no server name can be. */
export function createContext(deps: TlsGuardDeps): GuardContext {
  const { service, options, timers, logger, onSession } = deps;
  const base = `services.${service.name}.tls`;
  const end: ProxyEnd = { stopped: false };
  return {
    service,
    options,
    logger,
    onSilent: silentClients(logger),
    end,
    onSession: tellingOfStops(sessionTeller([onSession], logger), end),
    waitingBytes: deps.waitingBytes ?? new WaitingBytes(),
    allowed: HostList.ofNames(base, ['allow'], options.allow),
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
