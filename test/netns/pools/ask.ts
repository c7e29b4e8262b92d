import { connect } from 'node:net';

export type Asks = 'GET' | 'POST' | 'CONNECT';

/** Milliseconds after which a client gives up. */
const PATIENCE = 4_000;

const POST_BODY = 'x'.repeat(1_000);

/** What a client sees: a status, or that the connection was closed or stayed silent. Also the body of an answer. */
export interface Outcome {
  readonly seen: string;
  readonly body: string;
}

/** Asks once, on a connection of its own. A tunnel is asked within, and what it answers counts. */
export function ask(port: number, kind: Asks): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const socket = connect(port, '127.0.0.1');
  let text = '';
  let isInside = false;
  const timer = setTimeout(() => end('nothing'), PATIENCE);
  const end = (seen: string, body = ''): void => {
    clearTimeout(timer);
    socket.destroy();
    resolve({ seen, body });
  };
  socket.on('error', () => {});
  socket.on('close', () => end(statusOf(text) ?? 'closed', bodyOf(text)));
  socket.on('connect', () => socket.write(requestOf(kind)));
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1');
    if (kind !== 'CONNECT' || isInside || !text.startsWith('HTTP/1.1 200') || !text.includes('\r\n\r\n')) return;
    isInside = true;
    text = '';
    socket.write('GET /inside HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n');
  });
  return promise;
}

function requestOf(kind: Asks): string {
  if (kind === 'CONNECT') return 'CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n\r\n';
  const head = `${kind} http://shop.example/ HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n`;
  return kind === 'GET' ? `${head}\r\n` : `${head}Content-Length: ${POST_BODY.length}\r\n\r\n${POST_BODY}`;
}

function statusOf(text: string): string | undefined {
  return /^HTTP\/1\.[01] ([0-9]{3})/.exec(text)?.[1];
}

function bodyOf(text: string): string {
  return text.slice(text.indexOf('\r\n\r\n') + 4);
}
