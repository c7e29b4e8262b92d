/**
 * Asks each of the addresses by TLS, and the one after it with the session of the first; prints for each of them whether that was `resumed` or
 * `new`. Started as `node resumption-program.ts ADDRESS…`.
 */
import { connect } from 'node:tls';

interface Asked {
  readonly isResumed: boolean;
  /** The last that came. */
  readonly session: Buffer | undefined;
}

function ask(address: string, session: Buffer | undefined): Promise<Asked> {
  const { promise, resolve, reject } = Promise.withResolvers<Asked>();
  const [host, port] = address.split(':');
  const options = { host, port: Number(port), servername: 'localhost', rejectUnauthorized: false };
  const socket = connect({ ...options, ...(session !== undefined && { session }) });
  let given: Buffer | undefined;
  socket.on('session', (each: Buffer) => (given = each));
  socket.on('error', reject);
  socket.on('secureConnect', () => socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'));
  socket.resume();
  socket.on('end', () => {
    resolve({ isResumed: socket.isSessionReused(), session: given });
    socket.destroy();
  });
  return promise;
}

const addresses = process.argv.slice(2);
for (const [index, address] of addresses.entries()) {
  const next = addresses[(index + 1) % addresses.length] ?? address;
  const { session } = await ask(address, undefined);
  const { isResumed } = await ask(next, session);
  console.log(isResumed ? 'resumed' : 'new');
}
