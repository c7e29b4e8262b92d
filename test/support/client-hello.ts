import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { connect } from 'node:tls';

/** The ClientHello that Node's own TLS client sends, with or without a server name. */
export async function clientHello(servername?: string): Promise<Buffer> {
  const written = Promise.withResolvers<Buffer>();
  const wire = new Duplex({
    read() {},
    write(bytes: Buffer, _encoding, done) {
      written.resolve(bytes);
      done();
    },
  });
  const socket = connect({ socket: wire, ...(servername !== undefined && { servername }) });
  const hello = await written.promise;
  socket.on('error', () => {});
  socket.destroy();
  await once(socket, 'close');
  return hello;
}
