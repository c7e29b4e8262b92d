import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

/** What is wrong with a server. What a firewall and a name server do is done by `Faults`. */
export type Ailment = 'well' | 'refuses' | 'resets' | 'silent' | 'answers 503' | 'slow';

/** Milliseconds of a slow answer: longer than a try may take. */
const SLOW = 1_000;

/** An HTTP server whose health a test decides. Its checks are asked for at `/health`. */
export class FaultyServer {
  readonly address: string;
  /** Requests of clients: those for checks are not counted. */
  asked = 0;
  #ailment: Ailment = 'well';
  #listener: Server | undefined = undefined;
  readonly #http: HttpServer = createHttpServer((request, response) => this.#answer(request, response));
  readonly #sockets = new Set<Socket>();

  constructor(address: string) {
    this.address = address;
    // A tunnel's bytes are a request of their own.
    this.#http.keepAliveTimeout = 60_000;
  }

  async turn(ailment: Ailment): Promise<void> {
    this.#ailment = ailment;
    if (ailment === 'refuses') {
      this.#listener?.close();
      this.#listener = undefined;
    } else if (this.#listener === undefined) await this.#listen();
    if (ailment === 'refuses' || ailment === 'resets') for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async #listen(): Promise<void> {
    const listener = createServer((socket) => this.#accept(socket));
    this.#listener = listener;
    listener.listen(80, this.address);
    await once(listener, 'listening');
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    if (this.#ailment === 'resets') {
      // A client must have sent something, or it is told that it could not connect.
      socket.once('data', (bytes) => {
        if (!bytes.includes('/health')) this.asked += 1;
        socket.resetAndDestroy();
      });
      return;
    }
    this.#http.emit('connection', socket);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    if (request.url !== '/health') this.asked += 1;
    request.resume();
    switch (this.#ailment) {
      case 'well':
        response.end(this.address);
        return;
      case 'answers 503':
        response.writeHead(503).end('not now');
        return;
      case 'slow':
        setTimeout(() => response.end(this.address), SLOW);
        return;
      case 'silent':
        return;
      default:
        request.socket.resetAndDestroy();
    }
  }
}
