/**
 * Opens TLS connections, asks once on each, and keeps them idle. The benchmark starts it with {@link IdleClients} as JSON. It sends `open`
 * when all are open, and ends at its first message, or with an error.
 */
import { connect, type TLSSocket } from 'node:tls';
import { HOST } from './certificate.ts';

export interface IdleClients {
  readonly port: number;
  readonly connections: number;
}

/** Connections that are opened at a time. */
const AT_ONCE = 25;

const { port, connections }: IdleClients = JSON.parse(process.argv[2] ?? '{}');
const sockets: TLSSocket[] = [];

function open(): Promise<void> {
  return new Promise((resolve, reject) => {
    // The proxy's certificate is of an authority that was made a moment ago.
    const socket = connect({ port, host: '127.0.0.1', servername: HOST, rejectUnauthorized: false });
    sockets.push(socket);
    let answer = '';
    socket.once('secureConnect', () => socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`));
    socket.on('data', (bytes: Buffer) => {
      answer += bytes.toString('latin1');
      if (answer.endsWith('x'.repeat(100))) resolve();
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('an idle connection was closed')));
  });
}

for (let left = connections; left > 0; left -= AT_ONCE) {
  await Promise.all(Array.from({ length: Math.min(left, AT_ONCE) }, open));
}
process.once('message', () => process.exit(0));
process.send?.('open');
