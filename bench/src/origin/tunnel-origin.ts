/** The origin of tunnels: `node tunnel-origin.ts PORT`. What it does is in tunnel-protocol.ts. */
import { createServer, type Socket } from 'node:net';
import { ESTABLISHED, EXCHANGE_SIZE, pattern, PATTERN_SIZE } from './tunnel-protocol.ts';

const PATTERN = pattern();

function serve(socket: Socket): void {
  let received: Buffer = Buffer.alloc(0);
  socket.setNoDelay(true);
  // Proxies may reset the rest of a tunnel. The client checks what arrived.
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    received = answer(socket, received);
  });
}

/** Answers complete messages, and returns the rest. */
function answer(socket: Socket, received: Buffer): Buffer {
  let rest = received;
  while (rest.length > 0) {
    const taken = answerFirst(socket, rest);
    if (taken === 0) return rest;
    rest = rest.subarray(taken);
  }
  return rest;
}

/** Answers the first message of `received`. Returns its length, or 0 when it is incomplete. */
function answerFirst(socket: Socket, received: Buffer): number {
  switch (received[0]) {
    case 0x43: {
      // C of CONNECT
      const end = received.indexOf('\r\n\r\n');
      if (end < 0) return 0;
      socket.write(ESTABLISHED);
      return end + 4;
    }
    case 0x65: // e
      if (received.length < EXCHANGE_SIZE) return 0;
      socket.write(received.subarray(0, EXCHANGE_SIZE));
      return EXCHANGE_SIZE;
    case 0x73: {
      // s
      const end = received.indexOf('\n');
      if (end < 0) return 0;
      sendVolume(socket, Number(received.toString('latin1', 1, end)));
      return end + 1;
    }
    default:
      socket.destroy();
      return received.length;
  }
}

function sendVolume(socket: Socket, bytes: number): void {
  let left = bytes;
  const send = (): void => {
    while (left > 0 && !socket.destroyed) {
      const size = Math.min(left, PATTERN_SIZE);
      left -= size;
      if (!socket.write(size === PATTERN_SIZE ? PATTERN : PATTERN.subarray(0, size))) break;
    }
    if (left > 0) socket.once('drain', send);
  };
  send();
}

createServer(serve).listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 });
