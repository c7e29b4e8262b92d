import { BeyondParentError, ProxyError, type ProxyErrorCode, type ProxyErrorOptions } from '@inband/core';

/** The parent asks for another login than ours. */
export function loginRefused(message: string, receivedStatus?: number): ProxyError {
  const options = { status: 502, fault: 'server', setting: 'chainer.auth', receivedStatus } as const;
  return new ProxyError('proxy_configuration_error', message, options);
}

/** The other side does not speak the protocol that the configuration says. */
export function otherProtocol(message: string, receivedStatus?: number): ProxyError {
  const options = { status: 502, fault: 'server', setting: 'chainer.protocol', receivedStatus } as const;
  return new ProxyError('proxy_configuration_error', message, options);
}

/** What a refusal says about the target. */
export interface Refusal {
  readonly code: ProxyErrorCode;
  /** Part of a sentence that begins with the parent. */
  readonly says: string;
}

export const FORBIDDEN: Refusal = { code: 'http_request_denied', says: 'forbids the target' };
export const NO_NAME: Refusal = { code: 'dns_error', says: 'cannot resolve the name of the target' };
export const UNAVAILABLE: Refusal = { code: 'destination_unavailable', says: 'cannot reach the target' };
export const REFUSED: Refusal = { code: 'connection_refused', says: 'was refused by the target' };
export const UNROUTABLE: Refusal = { code: 'destination_ip_unroutable', says: 'has no route to the target' };
export const NO_SUCH_ADDRESS: Refusal = { code: 'destination_ip_unroutable', says: 'connects to no such addresses' };
/** Other parents that lead back would be asked in each round of the loop, so that none is. */
export const LOOP: Refusal = { code: 'proxy_loop_detected', says: 'leads back to a proxy that has had the request' };
export const TOO_SLOW: Refusal = { code: 'connection_timeout', says: 'got no answer from the target in time' };

/** The error of a session whose target the parent does not connect to. `said`: its own words, for example `reply 5`. */
export function beyondParent(refusal: Refusal, said: string, more: ProxyErrorOptions = {}): BeyondParentError {
  const message = `The parent proxy ${refusal.says} (${said}).`;
  return new BeyondParentError(refusal.code, message, more);
}
