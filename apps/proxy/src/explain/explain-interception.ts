import { inetAddr, sameSockAddr, type SockAddr } from '@inband/core';
import { networkInterfaces } from 'node:os';
import type { ParsedConfig } from '../config/parse-config.ts';
import { formatBind } from '../config/values/bind.ts';
import type { Explanation } from './explanation.ts';

/** Whether a connection to `destination` arrives at the listener, as far as this machine's interfaces tell. */
export function isListener(destination: SockAddr, bind: SockAddr): boolean {
  if (sameSockAddr(destination, bind)) return true;
  if (destination.family === 'unix' || bind.family === 'unix' || destination.port !== bind.port) return false;
  if (bind.address !== '::' && (bind.address !== '0.0.0.0' || destination.family !== 'inet')) return false;
  const { address } = destination;
  if (address.startsWith('127.')) return true;
  return Object.values(networkInterfaces()).some((all) => all?.some((one) => one.address === address));
}

/** What is said of a connection, without what was asked. */
export type Outcome = Omit<Explanation, 'client' | 'clientZones' | 'service' | 'destination'>;

/** Of a connection that ends before any step. */
export const BEFORE_STEPS = {
  verdict: 'deny',
  route: undefined,
  chainer: undefined,
  through: [],
  servers: [],
  steps: [],
  rule: undefined,
} as const;

/** The answer about such a client. */
export const MADE_TO_ITSELF: Outcome = {
  ...BEFORE_STEPS,
  reason: 'The client was going to the transparent listener itself: such a connection is reset at once.',
  error: 'proxy_loop_detected',
  status: undefined,
};

/** `http://192.0.2.1/`: who asks for that was going there. A name says nothing. */
export function addressInUrl(url: string): SockAddr | undefined {
  const [, scheme, six, four = '', port] = /^(https?):\/\/(?:\[([^\]]+)\]|([^/?#:]+))(?::(\d+))?/i.exec(url) ?? [];
  return inetAddr(six ?? four, Number(port ?? (scheme?.toLowerCase() === 'https' ? 443 : 80)));
}

/** Why nothing can be said about an intercepted client whose request holds a name. */
export const WHERE_TO =
  'It connects to where the client was going, and a name does not say where that is; say it with --destination ADDR:PORT.';

/** The answer about a client that would speak TLS to a listener without it, or the other way round. Undefined where both agree. */
export function schemeMismatch(
  { method, url }: { readonly method: string; readonly url: string },
  { tls }: { readonly tls?: object | undefined },
  listener: string,
  all: ParsedConfig['config']['listeners'],
): Outcome | undefined {
  const [, scheme] = /^(https?):/i.exec(url) ?? [];
  if (method === 'CONNECT' || scheme === undefined) return undefined;
  const isSecure = scheme.toLowerCase() === 'https';
  if (isSecure === (tls !== undefined)) return undefined;
  const other = all.find((one) => one.transparent === undefined && (one.tls !== undefined) === isSecure);
  const elsewhere = other === undefined ? '' : `, or with --listener ${formatBind(other.bind)}`;
  const reason = isSecure
    ? `The listener ${listener} speaks plain HTTP, and an https:// URL makes clients speak TLS to it; ask about http://`
    : `The listener ${listener} speaks TLS, and an http:// URL makes clients speak plain HTTP to it; ask about https://`;
  return { ...BEFORE_STEPS, reason: `${reason}${elsewhere}.`, error: 'http_request_error', status: 400 };
}
