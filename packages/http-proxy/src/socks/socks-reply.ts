import type { ProxyError, ProxyErrorCode } from '@inband/core';
import type { SocksVersion } from './socks-version.ts';

/** What a client of SOCKS 5 is told (RFC 1928 section 6). SOCKS 4 knows success and failure only. */
export const SocksReply = {
  succeeded: 0,
  failure: 1,
  notAllowed: 2,
  networkUnreachable: 3,
  hostUnreachable: 4,
  refused: 5,
  expired: 6,
  commandNotSupported: 7,
  addressTypeNotSupported: 8,
} as const;
export type SocksReply = (typeof SocksReply)[keyof typeof SocksReply];

const GRANTED_BY_4 = 90;
const REJECTED_BY_4 = 91;

const REPLIES: Readonly<Record<ProxyErrorCode, SocksReply>> = {
  dns_timeout: SocksReply.hostUnreachable,
  dns_error: SocksReply.hostUnreachable,
  destination_not_found: SocksReply.notAllowed,
  destination_unavailable: SocksReply.hostUnreachable,
  destination_ip_prohibited: SocksReply.notAllowed,
  destination_ip_unroutable: SocksReply.hostUnreachable,
  connection_refused: SocksReply.refused,
  connection_terminated: SocksReply.failure,
  connection_timeout: SocksReply.expired,
  connection_read_timeout: SocksReply.expired,
  connection_write_timeout: SocksReply.expired,
  connection_limit_reached: SocksReply.failure,
  tls_protocol_error: SocksReply.failure,
  tls_certificate_error: SocksReply.failure,
  tls_alert_received: SocksReply.failure,
  http_request_error: SocksReply.failure,
  http_request_denied: SocksReply.notAllowed,
  http_response_incomplete: SocksReply.failure,
  http_response_header_section_size: SocksReply.failure,
  http_response_trailer_section_size: SocksReply.failure,
  http_response_body_size: SocksReply.failure,
  http_response_transfer_coding: SocksReply.failure,
  http_response_timeout: SocksReply.expired,
  http_upgrade_failed: SocksReply.failure,
  http_protocol_error: SocksReply.failure,
  proxy_internal_error: SocksReply.failure,
  proxy_configuration_error: SocksReply.failure,
  proxy_loop_detected: SocksReply.notAllowed,
};

const OF_A_NETWORK: ReadonlySet<unknown> = new Set(['ENETUNREACH', 'ENETDOWN']);

/** What a client is told of a failure. `docs/socks.md` has the same table, and a test keeps the two equal. */
export function replyTo({ code, cause }: ProxyError): SocksReply {
  const isOfNetwork = code === 'destination_ip_unroutable' && cause instanceof Error && 'code' in cause;
  return isOfNetwork && OF_A_NETWORK.has(cause.code) ? SocksReply.networkUnreachable : REPLIES[code];
}

/** A reply. The address that the proxy has at the server is not told: it is none of the client's business, and clients do not look at it. */
export function replyBytes(version: SocksVersion, reply: SocksReply): Buffer {
  if (version === 4)
    return Buffer.from([0, reply === SocksReply.succeeded ? GRANTED_BY_4 : REJECTED_BY_4, ...NO_ADDRESS]);
  return Buffer.from([5, reply, 0, 1, ...NO_ADDRESS]);
}

/** An IPv4 address and a port, in any order. */
const NO_ADDRESS = [0, 0, 0, 0, 0, 0];
