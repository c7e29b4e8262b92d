/** What the examples share: servers on this machine, and a client of a proxy. Nothing of it is part of Inband. */
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Inband } from 'inband';

/** A server that answers everything with its name. */
export interface LocalServer {
  /** `127.0.0.1:40123` */
  readonly address: string;
  close(): void;
}

export async function startServer(name: string, delay = 0): Promise<LocalServer> {
  const server = createServer((_request, response) => void setTimeout(() => response.end(name), delay));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return { address: `127.0.0.1:${portOf(server)}`, close: () => closeNow(server) };
}

function portOf(server: Server): number {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  return (server.address() as AddressInfo).port;
}

function closeNow(server: Server): void {
  server.close();
  server.closeAllConnections();
}

/** The port of the first listener, which the examples leave to the system (`127.0.0.1:0`). */
export function portOfProxy({ listeners: [first] }: Inband): number {
  if (first === undefined || first.address.family === 'unix') throw new Error('The proxy listens on no port.');
  return first.address.port;
}

/** Sends one request to a port of this machine; `target` is a path, or a whole URL for a forward proxy. */
export async function ask(
  port: number,
  target: string,
  method = 'GET',
  host?: string,
  to = '127.0.0.1',
  login?: string,
): Promise<string> {
  const headers = {
    ...(host !== undefined && { host }),
    ...(login !== undefined && { 'proxy-authorization': login }),
  };
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  request({ host: to, port, path: target, method, headers, agent: false }, (response) => {
    text(response).then((body) => resolve(`${response.statusCode} ${body.trim()}`), reject);
  })
    .on('error', reject)
    .end();
  return promise;
}
