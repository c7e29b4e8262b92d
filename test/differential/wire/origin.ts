import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { type ReadRequest, RequestReader } from './request-reader.ts';

/** The port of the origin. The address tells which proxy and lane a connection belongs to. */
export const ORIGIN_PORT = 8080;

/** One connection of a proxy to the origin, and all that came on it. */
export interface OriginConnection {
  readonly pieces: Buffer[];
  readonly requests: readonly ReadRequest[];
  readonly isMalformed: boolean;
  readonly isClosed: boolean;
}

/** Who is told of what arrives at one address. */
export interface Lane {
  opened(connection: OriginConnection): void;
  changed(): void;
  /** The answer to this request, in latin1. Undefined: an ordinary one. */
  answerTo(request: ReadRequest): string | undefined;
}

export interface Origin {
  /** Connections to `address` belong to `lane` from now on. Those that were accepted before stay with the lane before. */
  assign(address: string, lane: Lane): void;
  close(): Promise<void>;
}

/** The origin server of all proxies. It records everything, answers each connection's first request, and ends the connection. */
export async function startOrigin(): Promise<Origin> {
  const lanes = new Map<string, Lane>();
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serve(socket, lanes.get(socket.localAddress ?? ''));
  });
  server.listen(ORIGIN_PORT, '0.0.0.0', 4096);
  await once(server, 'listening');
  return {
    assign: (address, lane) => void lanes.set(address, lane),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function serve(socket: Socket, lane: Lane | undefined): void {
  const reader = new RequestReader();
  const pieces: Buffer[] = [];
  let isAnswered = false;
  const connection: OriginConnection = {
    pieces,
    requests: reader.requests,
    get isMalformed() {
      return reader.isMalformed;
    },
    get isClosed() {
      return socket.destroyed;
    },
  };
  lane?.opened(connection);
  socket.on('error', () => socket.destroy());
  socket.on('close', () => lane?.changed());
  socket.on('end', () => socket.end());
  socket.on('data', (bytes: Buffer) => {
    pieces.push(bytes);
    reader.push(bytes.toString('latin1'));
    lane?.changed();
    const [first] = reader.requests;
    if (isAnswered || (first?.complete !== true && !reader.isMalformed)) return;
    isAnswered = true;
    const answer = first === undefined || reader.isMalformed ? MALFORMED : (lane?.answerTo(first) ?? ordinary(first));
    socket.end(answer, 'latin1');
  });
}

const MALFORMED = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

function ordinary({ method }: ReadRequest): string {
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 2\r\n\r\n';
  return method === 'HEAD' ? head : `${head}ok`;
}
