import { Agent, createServer, request, type IncomingMessage, type RequestOptions } from 'node:http';
import { connect, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** What went wrong, and how much was done. */
export interface Tally {
  requests: number;
  slowBodies: number;
  /** Round trips in tunnels and WebSockets. */
  pings: number;
  failed: string[];
  refused: number;
  cut: number;
}

/** Milliseconds that a slow body takes. */
const SLOW = 300;

/** Listens on a free port. */
export async function listenOn(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

/** Answers at once, slowly at `/slow`, with what was sent to `/take`, and echoes after an upgrade. */
export function loadOrigin() {
  const server = createServer((incoming, response) => {
    if (incoming.url === '/take') {
      let length = 0;
      incoming.on('data', (bytes: Buffer) => (length += bytes.length));
      incoming.on('end', () => response.end(String(length)));
    } else if (incoming.url === '/slow') {
      response.write('first ');
      setTimeout(() => response.end('last'), SLOW);
    } else response.end('hello');
  });
  server.keepAliveTimeout = 0;
  const open = new Set<{ destroy(): void }>();
  server.on('upgrade', (_request, socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
    socket.pipe(socket);
  });
  return {
    server,
    end: () => {
      for (const socket of open) socket.destroy();
      server.close();
      server.closeAllConnections();
    },
  };
}

export function echoServer() {
  const open = new Set<Socket>();
  const server = createTcpServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined).pipe(socket);
  });
  return {
    server,
    end: () => {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}

interface Ask {
  readonly port: number;
  readonly path: string;
  readonly agent: RequestOptions['agent'];
  /** Sent slowly. */
  readonly body?: string;
}

/** Resolves with the body of a response with status 200. */
async function ask({ port, path, agent, body }: Ask): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const method = body === undefined ? 'GET' : 'POST';
  const headers = body === undefined ? {} : { 'content-length': body.length };
  const sent = request({ host: '127.0.0.1', port, path, agent, method, headers }, resolve).on('error', reject);
  if (body !== undefined) {
    sent.write(body.slice(0, 1));
    await pause(SLOW);
  }
  sent.end(body?.slice(1));
  const response = await promise;
  let text = '';
  for await (const chunk of response) text += String(chunk);
  if (response.statusCode !== 200) throw new Error(`${response.statusCode} ${text}`);
  return text;
}

/** A connection that echoes once `head` is answered. It is used until `isOver`. */
async function pings(port: number, head: string, isOver: () => boolean, tally: Tally): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  let last = '';
  let look = (): void => undefined;
  socket.on('data', (bytes: Buffer) => {
    received += bytes.toString('latin1');
    look();
  });
  socket.on('error', (error) => tally.failed.push(String(error)));
  socket.on('close', () => look());
  const until = async (end: string): Promise<boolean> => {
    while (!received.includes(end) && !socket.closed) await new Promise<void>((resolve) => (look = resolve));
    const found = received.includes(end);
    last = received;
    received = '';
    return found;
  };
  socket.write(head);
  let isOpen = await until('\r\n\r\n');
  if (!isOpen || !/^HTTP\/1.1 (101|200)/.test(last)) tally.failed.push(last);
  for (let count = 0; isOpen && !isOver(); count += 1) {
    socket.write(`ping ${count};`);
    isOpen = await until(`ping ${count};`);
    if (isOpen) tally.pings += 1;
    await pause(20);
  }
  if (!isOpen) tally.cut += 1;
  socket.destroy();
}

export interface LoadPorts {
  /** A reverse proxy of the origin whose service changes. */
  readonly web: number;
  /** The same, with a service that changes once. */
  readonly chat: number;
  readonly browser: number;
  readonly echo: number;
}

/** Asks for everything until `isOver`. */
export async function load({ web, chat, browser, echo }: LoadPorts, isOver: () => boolean): Promise<Tally> {
  const tally: Tally = { requests: 0, slowBodies: 0, pings: 0, failed: [], refused: 0, cut: 0 };
  const agent = new Agent({ keepAlive: true });
  const again = async (what: Ask, expected: string, rest: number): Promise<void> => {
    while (!isOver()) {
      try {
        const answer = await ask(what);
        if (answer !== expected) tally.failed.push(`${what.path}: ${answer}`);
        else if (what.path === '/') tally.requests += 1;
        else tally.slowBodies += 1;
      } catch (error) {
        if (String(error).includes('ECONNREFUSED')) tally.refused += 1;
        tally.failed.push(`${what.path} ${what.agent === false ? 'new' : 'kept'}: ${String(error)}`);
      }
      await pause(rest);
    }
  };
  const tunnel = `CONNECT 127.0.0.1:${echo} HTTP/1.1\r\nHost: 127.0.0.1:${echo}\r\n\r\n`;
  const socket =
    'GET /socket HTTP/1.1\r\nHost: chat\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';
  const both = [agent, false] as const;
  await Promise.all([
    ...both.flatMap((how) => [1, 2, 3, 4].map(() => again({ port: web, path: '/', agent: how }, 'hello', 2))),
    ...both.map((how) => again({ port: web, path: '/slow', agent: how }, 'first last', 5)),
    ...both.map((how) => again({ port: web, path: '/take', agent: how, body: 'x'.repeat(1000) }, '1000', 5)),
    ...[1, 2, 3].map(() => pings(browser, tunnel, isOver, tally)),
    ...[1, 2, 3].map(() => pings(chat, socket, isOver, tally)),
  ]);
  agent.destroy();
  return tally;
}
