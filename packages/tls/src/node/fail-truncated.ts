import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';

/**
 * Destroys `socket` with `error` if the stream underneath has ended without close_notify, once what came before is read. Node
 * tells such an end as if it were an orderly one.
 */
export function failTruncated(duplex: Duplex, socket: TLSSocket, error: Error): void {
  let isCarrierEnded = duplex.readableEnded;
  // Before the listener by which the socket learns it. What the stream has delivered is decrypted by then.
  duplex.prependListener('end', () => (isCarrierEnded = true));
  let isEnded = false;
  const push = socket.push.bind(socket);
  socket.push = (chunk: unknown, encoding?: BufferEncoding) => {
    if (chunk === null && isCarrierEnded && !isEnded) {
      isEnded = true;
      failWhenRead(socket, error);
      return false;
    }
    isEnded ||= chunk === null;
    return push(chunk, encoding);
  };
}

function failWhenRead(socket: TLSSocket, error: Error): void {
  const failIfRead = (): void => {
    if (socket.readableLength === 0) socket.destroy(error);
  };
  if (socket.readableLength > 0) socket.on('data', failIfRead);
  else socket.destroy(error);
}
