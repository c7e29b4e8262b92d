import { ConnectionGate, type ConnectionLimits, formatSockAddr, type Logger, type SockAddr } from '@inband/core';
import type { Config } from '../../config/schema/schema.ts';
import { clientsWithin } from './descriptor-shares.ts';

/** Milliseconds until the same limit is logged again. */
const QUIET = 10_000;

export interface ClientLimitsDeps {
  readonly logger: Logger;
  /** Processes that share `limits.connections`. */
  readonly workers: number;
  /** The limit of descriptors of this process; undefined if sockets take none, or if it is not known. */
  readonly descriptors: number | undefined;
  /** Told each time that a limit is reached: see `ConnectionLimits.onLimit`. */
  readonly counted?: OnLimit | undefined;
  /** Told how many clients were reset: see `ConnectionLimits.onOverload`. */
  readonly countedResets?: ((count: number) => void) | undefined;
  /** Closes an idle server connection. */
  readonly makeRoom: () => void;
  /** For tests. */
  readonly now?: () => number;
}

/** The gate that counts the clients of this process, with the limits of `limits` and of its descriptors. */
export function clientLimits(limits: Config['limits'], deps: ClientLimitsDeps): ConnectionGate {
  return new ConnectionGate(connectionLimits(limits, deps));
}

/** The limits of such a gate. */
export function connectionLimits(
  { connections, perClient, overloadAfter }: Config['limits'],
  deps: ClientLimitsDeps,
): ConnectionLimits {
  const { logger, workers, descriptors, makeRoom } = deps;
  const possible = descriptors === undefined ? undefined : clientsWithin(descriptors);
  const share = connections === undefined ? undefined : Math.ceil(connections / workers);
  if (share !== undefined && possible !== undefined && share > possible) {
    logger.warn({ connections: share, descriptors, possible }, TOO_MANY);
  }
  const log = limitLogger(logger, deps.now);
  return {
    connections: share ?? possible,
    perClient: perClient.connections,
    makeRoom: () => {
      log(DESCRIPTORS);
      makeRoom();
    },
    onLimit: both(log, deps.counted),
    overloadAfter: overloadAfter === 'never' ? undefined : overloadAfter,
    onOverload: overloadLogger(deps),
  };
}

/** Told of each connection that a limit of its service refuses, with its setting. */
export function refusalListener({
  logger,
  counted,
  now,
}: Pick<ClientLimitsDeps, 'logger' | 'counted' | 'now'>): OnLimit {
  return both(limitLogger(logger, now), counted);
}

type OnLimit = (setting: string, client?: SockAddr) => void;

function both(log: OnLimit, count: OnLimit | undefined): OnLimit {
  if (count === undefined) return log;
  return (setting, client) => {
    count(setting, client);
    log(setting, client);
  };
}

/** What limits descriptors is no key of the configuration. */
const DESCRIPTORS = 'ulimit -n';

function messageOf(setting: string, client: SockAddr | undefined): string {
  if (setting === DESCRIPTORS) return 'no descriptor or memory is left for another client: the next ones wait';
  return client === undefined
    ? 'as many clients as there may be: the next ones wait'
    : 'too many connections: refused a client';
}

const OVERLOAD = 'limits.overloadAfter';

const TOO_MANY =
  'limits.connections is more than the descriptors of this process are good for, with one for a server of each client; raise ulimit -n (LimitNOFILE in a systemd unit)';

/** Logs and counts that clients were reset: one line in ten seconds, with how many there were since the last one. */
function overloadLogger({ logger, countedResets, now = Date.now }: ClientLimitsDeps): (count: number) => void {
  let quietUntil = -Infinity;
  let unmentioned = 0;
  return (count) => {
    countedResets?.(count);
    unmentioned += count;
    const at = now();
    if (at < quietUntil) return;
    quietUntil = at + QUIET;
    logger.warn({ setting: OVERLOAD, clients: unmentioned }, 'more clients come than there is time for: reset some');
    unmentioned = 0;
  };
}

/** Logs that a limit was reached: for each limit one line in ten seconds, with the number of refused clients since the last one. */
function limitLogger(logger: Logger, now = Date.now): OnLimit {
  const quiet = new Map<string, { until: number; unmentioned: number }>();
  return (setting, client) => {
    const at = now();
    const state = quiet.get(setting) ?? { until: -Infinity, unmentioned: 0 };
    quiet.set(setting, state);
    if (at < state.until) {
      if (client !== undefined) state.unmentioned += 1;
      return;
    }
    const { unmentioned } = state;
    Object.assign(state, { until: at + QUIET, unmentioned: 0 });
    const fields = {
      setting,
      ...(client && { client: formatSockAddr(client) }),
      ...(unmentioned > 0 && { unmentioned }),
    };
    logger.warn(fields, messageOf(setting, client));
  };
}
