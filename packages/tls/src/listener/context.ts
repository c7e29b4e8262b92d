import {
  FIRST_MOMENT,
  type Logger,
  type ProtocolProxy,
  type TimeoutList,
  type Timers,
  type WaitingBytes,
} from '@inband/core';
import type { HandshakeOutcome } from '../base/facts.ts';
import type { ClientAuth, TicketKeySource, TlsImplementation, TlsVersion } from '../base/implementation.ts';
import type { CertificateStore } from '../certificates/certificate-store.ts';
import type { Trust } from '../certificates/files/trust-files.ts';
import { FailureLines } from './failure-lines.ts';
import { LONGEST_ORDER, type OrderedCertificates } from './ordered-certificates.ts';
import { HelloMatch, type MatchRule } from './hello-match.ts';
import { ServerContexts } from './server-contexts.ts';

/** Settings of a listener that speaks TLS: `listeners[].tls`. */
export interface TerminatorOptions {
  readonly minVersion: TlsVersion;
  /** See `TlsServerOptions`. */
  readonly ciphers?: string | undefined;
  readonly groups?: string | undefined;
  readonly alpn: readonly string[];
  readonly clientAuth: ClientAuth;
  /** Milliseconds for a ClientHello and the handshake. */
  readonly handshakeTimeout: number;
}

export interface TerminatorDeps {
  readonly tls: TlsImplementation;
  readonly options: TerminatorOptions;
  readonly certificates: CertificateStore;
  /** The authorities of clients. */
  readonly trust?: { readonly current: Trust } | undefined;
  readonly tickets?: TicketKeySource | undefined;
  /** Where certificates are ordered of a CA. */
  readonly ordered?: OrderedCertificates | undefined;
  /** Gets the clients. */
  readonly proxy: ProtocolProxy;
  /** What becomes of clients by the name that they ask for, where that is something else. */
  readonly match?: readonly MatchRule[] | undefined;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Bounds the incomplete ClientHellos of all clients. */
  readonly waitingBytes: WaitingBytes;
  /** Told of each handshake, for metrics. `resumed` only of one that succeeded. */
  readonly onHandshake?: ((outcome: HandshakeOutcome) => void) | undefined;
}

/**
 * Where no ciphers are configured: OpenSSL's without RSA key transport, which has no forward secrecy (RFC 9325 section 4.1). It is
 * what a client could agree on with an RSA certificate and TLS 1.2.
 */
const FORWARD_SECRET = 'DEFAULT:!kRSA';

/** Milliseconds until a connection is closed after an alert, if the client does not close it. */
const LINGER = 1_000;

/** Milliseconds for the handshake with a client that is not served. */
const LONGEST_REFUSAL = 2_000;

/** What all connections of a listener share while TLS is negotiated. */
export interface TerminatorContext extends Omit<TerminatorDeps, 'timers' | 'trust' | 'tickets' | 'match'> {
  /** Undefined where all clients go the same way. */
  readonly match: HelloMatch | undefined;
  /** All that get clients. */
  readonly proxies: readonly ProtocolProxy[];
  readonly contexts: ServerContexts;
  readonly failures: FailureLines;
  readonly waits: {
    readonly handshake: TimeoutList;
    /** The same for clients that are told that they are not served. */
    readonly refusal: TimeoutList;
    readonly first: TimeoutList;
    readonly order: TimeoutList;
    readonly linger: TimeoutList;
  };
}

export function createTerminatorContext({
  timers,
  trust,
  tickets,
  match = [],
  ...deps
}: TerminatorDeps): TerminatorContext {
  const { options, tls, logger } = deps;
  const { minVersion, ciphers = FORWARD_SECRET, groups, alpn, clientAuth } = options;
  const common = {
    minVersion,
    alpn,
    clientAuth,
    ciphers,
    ...(groups !== undefined && { groups }),
    ...(tickets && { tickets }),
  };
  return {
    ...deps,
    proxies: [...new Set([deps.proxy, ...match.flatMap(({ proxy }) => proxy ?? [])])],
    match: match.length === 0 ? undefined : new HelloMatch(match),
    contexts: new ServerContexts(tls, common, trust),
    failures: new FailureLines(logger),
    waits: {
      handshake: timers.list(options.handshakeTimeout),
      refusal: timers.list(Math.min(LONGEST_REFUSAL, options.handshakeTimeout)),
      first: timers.list(Math.min(FIRST_MOMENT, options.handshakeTimeout)),
      order: timers.list(LONGEST_ORDER),
      linger: timers.list(LINGER),
    },
  };
}
