/**
 * A relay in front of a server, whose answers come late while it is told so by a message (milliseconds).
 * Started as `node late-relay.ts PORT PORT_BEHIND`, in a namespace of the lab.
 */
import { connect, createServer } from 'node:net';
import { STORE } from './network.ts';

const [port = 0, portBehind = 0] = process.argv.slice(2).map(Number);
let late = 0;

process.on('message', (milliseconds: number) => (late = milliseconds));
process.on('disconnect', () => process.exit(0));

createServer({ noDelay: true }, (client) => {
  const server = connect({ port: portBehind, host: STORE, noDelay: true });
  for (const socket of [client, server]) {
    socket.on('error', () => {});
    socket.on('close', () => {
      client.destroy();
      server.destroy();
    });
  }
  client.on('data', (bytes) => server.write(bytes));
  server.on('data', (bytes) => {
    if (late === 0) client.write(bytes);
    else setTimeout(() => client.writable && client.write(bytes), late);
  });
}).listen(port, STORE);
