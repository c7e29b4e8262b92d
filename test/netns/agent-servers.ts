import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { localOf, peerOf } from './agent-address.ts';
import { readAll } from './agent-fetch.ts';
import type { AgentEvent, Seen } from './protocol.ts';

interface Serving {
  readonly server: Server;
  readonly sockets: Set<Socket>;
}

/** The servers of one namespace. */
export class AgentServers {
  readonly #name: string;
  readonly #happened: (event: AgentEvent) => void;
  readonly #serving = new Map<number, Serving>();

  constructor(name: string, happened: (event: AgentEvent) => void) {
    this.#name = name;
    this.#happened = happened;
  }

  /** Once: a test that is tried again finds what its first try has left. */
  async serve(port: number, kind: 'http' | 'echo'): Promise<void> {
    if (this.#serving.has(port)) return;
    const server: Server =
      kind === 'http'
        ? createHttpServer({ keepAliveTimeout: 60_000 }, (request, response) => {
            this.#answer(port, request, response).catch((error: unknown) => response.destroy(error as Error));
          })
        : createTcpServer({ allowHalfOpen: true }, (socket) => void socket.pipe(socket));
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => this.#follow(port, sockets, socket));
    server.listen(port, '::');
    await once(server, 'listening');
    this.#serving.set(port, { server, sockets });
  }

  async stop(port: number): Promise<void> {
    const serving = this.#serving.get(port);
    if (serving === undefined) throw new Error(`nothing is served on ${port}`);
    this.#serving.delete(port);
    const closed = once(serving.server, 'close');
    serving.server.close();
    for (const socket of serving.sockets) socket.destroy();
    await closed;
  }

  #follow(port: number, sockets: Set<Socket>, socket: Socket): void {
    // Asked now: a connection that is gone has no addresses.
    const ends = { port, peer: peerOf(socket), local: localOf(socket) };
    sockets.add(socket);
    socket.on('error', () => {}); // Clients of tests abort.
    socket.on('close', () => {
      sockets.delete(socket);
      this.#happened({ type: 'closed', ...ends });
    });
    this.#happened({ type: 'connection', ...ends });
  }

  /** Says what was seen. `/endless…` sends until the client has gone. */
  async #answer(port: number, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket, method = '', url = '', headers } = request;
    const ends = { peer: peerOf(socket), local: localOf(socket) };
    const body = await readAll(request);
    const seen: Seen = { server: this.#name, ...ends, method, url, headers, body };
    response.on('close', () => {
      if (!response.writableFinished) this.#happened({ type: 'aborted', port, url });
    });
    this.#happened({ type: 'request', port, seen });
    if (url.startsWith('/endless')) {
      sendOn(response);
      return;
    }
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(seen));
  }
}

function sendOn(response: ServerResponse): void {
  const piece = Buffer.alloc(16 * 1024, 'x');
  const send = (): void => {
    while (!response.destroyed && response.write(piece));
  };
  response.on('drain', send);
  send();
}
