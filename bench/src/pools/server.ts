import { createServer } from 'node:http';

/** A server of a pool, as a process that can be killed: it says its port to whoever asks. Parameter: the port. */
const port = Number(process.argv[2]);
const server = createServer((request, response) => {
  request.resume();
  response.setHeader('content-type', 'text/plain');
  response.end(String(port));
});
server.keepAliveTimeout = 60_000;
server.listen(port, '127.0.0.1', () => process.stdout.write('ready\n'));
