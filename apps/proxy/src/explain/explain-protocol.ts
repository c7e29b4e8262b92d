import type { AcceptedProtocol } from '@inband/http-proxy';
import { BEFORE_STEPS, type Outcome } from './explain-interception.ts';

/** A version of SOCKS by which somebody asks. */
export type SocksProtocol = Exclude<AcceptedProtocol, 'http'>;

/** The answer about a client that speaks what the listener does not accept. Undefined where it does. */
export function protocolMismatch(
  protocol: AcceptedProtocol,
  accept: readonly AcceptedProtocol[],
  listener: string,
): Outcome | undefined {
  if (accept.includes(protocol)) return undefined;
  const reason =
    protocol === 'http'
      ? `The listener ${listener} accepts no HTTP ("accept"); ask about ${accept.join(':// or ')}://host:port.`
      : `The listener ${listener} does not accept ${protocol}: name it in "accept".`;
  return { ...BEFORE_STEPS, reason, error: 'http_request_error', status: 400 };
}

/** What a client of SOCKS sends that wants a tunnel to `host:port`, all at once. */
export function socksRequest(protocol: SocksProtocol, authority: string): Buffer {
  const colon = authority.lastIndexOf(':');
  const host = Buffer.from(authority.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), 'latin1');
  const port = Buffer.alloc(2);
  port.writeUInt16BE(Number(authority.slice(colon + 1)) & 0xffff);
  if (protocol === 'socks4a')
    return Buffer.concat([Buffer.from([4, 1]), port, Buffer.from([0, 0, 0, 1, 0]), host, NUL]);
  return Buffer.concat([Buffer.from([5, 1, 0, 5, 1, 0, 3, host.length]), host, port]);
}

const NUL = Buffer.from([0]);
