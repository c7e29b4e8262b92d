/** The server behind the members: answers with as many bytes as the path says, or a few. Started as `node origin.ts ADDRESS`. */
import { createServer } from 'node:http';

const [address] = process.argv.slice(2);

createServer((request, response) => {
  request.resume();
  const bytes = Number(/^\/bytes\/(\d+)$/.exec(request.url ?? '')?.[1] ?? 2);
  response.writeHead(200, { 'content-length': bytes }).end(Buffer.alloc(bytes, 'x'));
}).listen(80, address, () => process.send?.('ready'));
process.on('disconnect', () => process.exit(0));
