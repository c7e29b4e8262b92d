import type { ServiceMode } from '@inband/core';
import type { ForwardedStyle } from '../message/forwarded.ts';

/** Settings of an HTTP service, as `http` has them in a configuration. Durations in milliseconds, sizes in bytes. */
export interface HttpOptions {
  /**
   * Refuse also what cannot be misread. Examples are bytes in a target that no grammar of URIs allows, methods in an unusual case, and
   * answers of servers that could be mended. Without it such requests pass as they came, and such answers are mended.
   */
  readonly strict: boolean;
  /** Our name in `Via` and `Proxy-Status`. It must differ between proxies that are chained. */
  readonly via: string;
  /** How servers are told about the client. */
  readonly forwarded: ForwardedStyle;
  /** Ports that CONNECT may ask for. Undefined: any port for clients on this machine, the usual ones for others. */
  readonly connectPorts: readonly number[] | 'any' | undefined;
  /** In mode forward: whether the proxy has a page, and a file by which browsers set themselves up, at its own address. */
  readonly ownPages: boolean;
  /** What that file has browsers reach without the proxy, loopback besides: see `compilePacRules`. */
  readonly pacDirect: readonly string[];
  /** Templates of error pages, by code, status or `default`: see `parsePage`. */
  readonly errorPages: Readonly<Record<string, string>>;
  readonly maxRequestLine: number;
  readonly maxHeaderBytes: number;
  readonly maxHeaderFields: number;
  /** Largest request body. Undefined for no limit. */
  readonly maxBody: number | undefined;
  /** For a whole request or response head, from its first byte. */
  readonly headerTimeout: number;
  /** For the first byte of an intercepted client, which may speak a protocol whose servers send first. */
  readonly firstByteTimeout: number;
  /** Between requests. */
  readonly idleTimeout: number;
  /** From the request to the first byte of the response, connecting included. */
  readonly responseTimeout: number;
  /** Without progress of a body. Undefined: the default of the mode, see `bodyTimeouts`. */
  readonly bodyTimeout: number | undefined;
  /** For the response to begin once the client has finished sending, because it may have gone away. */
  readonly halfCloseTimeout: number;
  /** Without a byte either way. */
  readonly tunnelIdleTimeout: number;
  /** For the rest of a tunnel once one side has finished sending. */
  readonly tunnelHalfCloseTimeout: number;
}

const MINUTE = 60_000;

export function defaultHttpOptions(mode: ServiceMode): HttpOptions {
  return {
    strict: false,
    via: 'inband',
    forwarded: mode === 'reverse' ? 'x-forwarded' : 'off',
    connectPorts: undefined,
    ownPages: true,
    pacDirect: [],
    errorPages: {},
    maxRequestLine: 8192,
    maxHeaderBytes: 65_536,
    maxHeaderFields: 200,
    maxBody: undefined,
    headerTimeout: 10_000,
    firstByteTimeout: 10_000,
    idleTimeout: 60_000,
    responseTimeout: mode === 'reverse' ? MINUTE : 5 * MINUTE,
    bodyTimeout: undefined,
    halfCloseTimeout: 1_000,
    tunnelIdleTimeout: 10 * MINUTE,
    tunnelHalfCloseTimeout: MINUTE,
  };
}
