import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { certificate } from '../support/certificate.ts';
import type { Lab } from './lab.ts';

/** What a parent was asked. */
export interface Asked {
  readonly method: string;
  /** The whole request target. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The number of the connection that it came on. */
  readonly connection: number;
}

export interface TestParent {
  readonly address: string;
  readonly asked: readonly Asked[];
  /** Connections so far. */
  readonly connections: readonly Socket[];
}

/** How a parent answers: what is left out is good. */
export interface ParentAnswers {
  /** The status and fields that refuse a request; undefined lets it through. */
  readonly refuse?: (asked: Asked) => readonly [status: number, headers?: Readonly<Record<string, string>>] | undefined;
  /** Where CONNECT leads, instead of the target. */
  readonly leadsTo?: number;
  /** A host to which requests get no answer. */
  readonly ignores?: string;
  /** Sent in one write with the answer to CONNECT. */
  readonly early?: string;
  /** It is spoken to over TLS. */
  readonly isSecure?: boolean;
}

/** An HTTP proxy in this process, which answers requests by itself and makes tunnels. */
export async function startParent(
  lab: Lab,
  { refuse, ignores, leadsTo, early = '', isSecure = false }: ParentAnswers = {},
): Promise<TestParent> {
  const asked: Asked[] = [];
  const connections: Socket[] = [];
  const note = (
    {
      method = '',
      url = '',
      headers,
      socket,
    }: { method?: string | undefined; url?: string | undefined; headers: IncomingHttpHeaders; socket: Socket },
    body: string,
  ): Asked => {
    const one = { method, url, headers, body, connection: connections.indexOf(socket) };
    asked.push(one);
    return one;
  };
  const answer: RequestListener = (request, response) => {
    let body = '';
    request.on('data', (bytes: Buffer) => (body += bytes.toString()));
    request.on('end', () => {
      const one = note(request, body);
      if (ignores !== undefined && one.url.includes(ignores)) return;
      const [status, headers] = refuse?.(one) ?? [200];
      const text = `${one.method} ${one.url}\n`;
      response.writeHead(status, { ...headers, 'Content-Length': text.length }).end(text);
    });
  };
  const server: Server = isSecure
    ? createTlsServer({ ...certificate, keepAliveTimeout: 60_000 }, answer)
    : createServer({ keepAliveTimeout: 60_000 }, answer);
  server.on(isSecure ? 'secureConnection' : 'connection', (socket) => {
    connections.push(socket);
    socket.on('error', () => {});
  });
  server.on('connect', (request, socket, head) => {
    const one = note(request, '');
    const [status, headers = {}] = refuse?.(one) ?? [200];
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    if (status !== 200)
      return void socket.end(`HTTP/1.1 ${status} No\r\n${lines.join('')}Content-Length: 4\r\n\r\nbody`);
    const [, host = '', port = ''] = /^\[?([^\]]*)\]?:(\d+)$/.exec(one.url) ?? [];
    const target = connect(leadsTo ?? Number(port), leadsTo === undefined ? host : '127.0.0.1', () => {
      socket.write(`HTTP/1.1 200 Connection established\r\n\r\n${early}`);
      target.write(head);
      target.pipe(socket).pipe(target);
    });
    connections.push(target);
    target.on('error', () => socket.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n'));
    socket.on('error', () => target.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  lab.defer(async () => {
    for (const socket of connections) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { address: `127.0.0.1:${port}`, asked, connections };
}
