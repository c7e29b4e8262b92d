import { connect, type Socket } from 'node:net';

/** A client connection that is kept for several requests. */
export interface KeepAliveClient {
  /** The local address in the form of the log: `127.0.0.1:40123`. */
  readonly name: string;
  /** Sends a GET. Resolves with the response once `end` has arrived. Rejects when the connection closes before. */
  get(url: string, end: string): Promise<string>;
  /** Opens a tunnel. Resolves with the head of the response. */
  connect(authority: string): Promise<string>;
  readonly closed: Promise<void>;
  destroy(): void;
}

export async function openClient(port: number): Promise<KeepAliveClient> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return {
    name: `127.0.0.1:${socket.localPort}`,
    get: (url, end) => ask(socket, `GET ${url} HTTP/1.1\r\nHost: ${new URL(url).host}\r\n\r\n`, end),
    connect: (authority) => ask(socket, `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`, '\r\n\r\n'),
    closed,
    destroy: () => void socket.destroy(),
  };
}

function ask(socket: Socket, request: string, end: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const settle = (act: () => void): void => {
      socket.off('data', onData);
      socket.off('close', onClose);
      act();
    };
    const onData = (text: string): void => {
      received += text;
      if (received.endsWith(end)) settle(() => resolve(received));
    };
    const onClose = (): void => settle(() => reject(new Error(`The connection closed after: ${received}`)));
    socket.on('data', onData);
    socket.on('close', onClose);
    socket.write(request);
  });
}
