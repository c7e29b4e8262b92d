import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { type ClientRequest, request } from 'node:http';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { AdminAddress } from '../base/options.ts';
import { PROBLEM_JSON } from '../base/problem.ts';

/** An admin server, and what it takes to be heard there. */
export interface AdminServerAddress {
  readonly listen: AdminAddress;
  readonly token?: string | undefined;
  /** The certificate that it must have, in PEM, if it speaks TLS. */
  readonly certificate?: string | undefined;
}

export interface AdminRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** The tag of what is to be changed, for `If-Match`. */
  readonly ifMatch?: string | undefined;
  /** Milliseconds for the whole response. */
  readonly timeout: number;
}

export interface AdminResponse {
  readonly status: number;
  /** Whether it is a problem (RFC 9457) instead of what was asked for. A status alone does not say so: 503 is also "not ready". */
  readonly isProblem: boolean;
  /** The value of its JSON. */
  readonly body: unknown;
}

/** Bytes of the largest answer that is read. */
const MOST = 2 ** 26;

/** Asks an admin server. Rejects if there is none, it has another certificate, or it does not answer in time. */
export async function askAdminServer(
  { listen, token, certificate }: AdminServerAddress,
  { method, path, body, ifMatch, timeout }: AdminRequest,
): Promise<AdminResponse> {
  const signal = AbortSignal.timeout(timeout);
  const socket = await connected(listen, certificate, signal);
  try {
    const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers = {
      host: 'localhost',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(ifMatch !== undefined && { 'if-match': ifMatch }),
      ...(content !== undefined && { 'content-type': 'application/json', 'content-length': content.length }),
    };
    const asked = request({ method, path, headers, signal, createConnection: () => socket });
    asked.end(content);
    return await responseOf(asked);
  } finally {
    socket.destroy();
  }
}

function connected(listen: AdminAddress, certificate: string | undefined, signal: AbortSignal): Promise<Socket> {
  if (certificate === undefined) {
    const socket = connectPlain(listen);
    return established(socket, 'connect', signal);
  }
  return securely(listen, certificate, signal);
}

/** The connection is given out only when the server is known by its certificate, whatever names that has, so that nobody else gets the token. */
async function securely(listen: AdminAddress, certificate: string, signal: AbortSignal): Promise<Socket> {
  const socket = await established(connectTls({ ...listen, rejectUnauthorized: false }), 'secureConnect', signal);
  const peer = socket.getPeerX509Certificate();
  if (peer?.raw.equals(new X509Certificate(certificate).raw) === true) return socket;
  socket.destroy();
  throw new Error('it has another certificate than the configuration; perhaps it runs with an older one.');
}

/** Owns the socket until it is connected. */
async function established<Kind extends Socket>(socket: Kind, event: string, signal: AbortSignal): Promise<Kind> {
  try {
    await once(socket, event, { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function responseOf(asked: ClientRequest): Promise<AdminResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<AdminResponse>();
  asked.on('error', reject);
  asked.on('response', (response) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (part: string) => {
      text += part;
      if (text.length > MOST) asked.destroy(new Error('its answer is too large.'));
    });
    response.on('error', reject);
    response.on('end', () => {
      try {
        const isProblem = response.headers['content-type']?.startsWith(PROBLEM_JSON) === true;
        resolve({ status: response.statusCode ?? 0, isProblem, body: JSON.parse(text) });
      } catch {
        reject(new Error('its answer is no JSON; is it an admin server?'));
      }
    });
  });
  return promise;
}
