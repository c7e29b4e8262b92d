import type { ProxyError, ProxyErrorCode } from '@inband/core';

/** What whoever sees an error can do: one sentence for each code. docs/errors.md has each of them, with more for operators. */
const BY_CODE: Readonly<Record<ProxyErrorCode, string>> = {
  dns_timeout: 'Try again.',
  dns_error: 'Check the spelling of the name.',
  destination_not_found: 'Check the host and path that you ask for.',
  destination_unavailable: 'Try again in a while.',
  destination_ip_prohibited: 'If you need this server, ask the operator of the proxy to allow it.',
  destination_ip_unroutable: 'Try again in a while, or tell the operator of the proxy.',
  connection_refused: 'Check the port, and that the server is running.',
  connection_terminated: 'Try again.',
  connection_timeout: 'Check the address, and try again in a while.',
  connection_read_timeout: 'Try again.',
  connection_write_timeout: 'Try again.',
  connection_limit_reached: 'Try again later.',
  tls_protocol_error: 'Check the port, and tell whoever runs the server.',
  tls_certificate_error: 'Check the name, and tell whoever runs the server.',
  tls_alert_received: 'Tell the operator of the proxy.',
  http_request_error: 'Repair the client.',
  http_request_denied: 'If you need this, ask the operator of the proxy to allow it.',
  http_response_incomplete: 'Try again.',
  http_response_header_section_size: 'Delete the cookies of this site and try again.',
  http_response_trailer_section_size: 'Report it to the operator of the proxy.',
  http_response_body_size: 'Report it to the operator of the proxy.',
  http_response_transfer_coding: 'Tell whoever runs the server.',
  http_response_timeout: 'Try again in a while.',
  http_upgrade_failed: 'Tell whoever runs the server.',
  http_protocol_error: 'Check the port, and tell whoever runs the server.',
  proxy_internal_error: 'Report it to the operator of the proxy.',
  proxy_configuration_error: 'Report it to the operator of the proxy.',
  proxy_loop_detected: "Ask for the server's own address.",
};

/** Of `http_request_error` and `http_request_denied`, whose status says more than the code. */
const BY_STATUS: Readonly<Record<number, string>> = {
  401: 'Log in.',
  405: 'Use another method.',
  407: 'Log in: set a user and a password for the proxy.',
  408: 'Send faster.',
  413: 'Send a smaller body.',
  414: 'Ask for a shorter URL.',
  417: 'Leave `Expect` out.',
  421: 'Ask on a connection of its own, with the server name of the host.',
  429: 'Wait a while.',
  431: 'Delete the cookies of this site, or send fewer or smaller fields.',
  501: 'Ask for a tunnel (`CONNECT`) where you asked for an `https://` URL.',
  505: 'Speak HTTP/1.1.',
};

export function whatToDo({ code, status }: Pick<ProxyError, 'code' | 'status'>): string {
  const saysMore = code === 'http_request_error' || code === 'http_request_denied';
  return (saysMore ? BY_STATUS[status] : undefined) ?? BY_CODE[code];
}

/** Every sentence, with its code and status. For the test of docs/errors.md. */
export const ALL_ADVICE: readonly (readonly [heading: string, advice: string])[] = [
  ...Object.entries(BY_CODE),
  ...Object.entries(BY_STATUS),
];
