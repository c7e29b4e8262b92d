/**
 * The HTTP origin for a machine without nginx: `node node-origin.ts PORT…`. Slower than nginx, on the load's core, so
 * what it costs is not in the proxy's processor time.
 */
import { createServer } from 'node:http';

const KIB = 1024;
const ANSWERS = new Map([
  ['/10k', Buffer.alloc(10 * KIB, 'x')],
  ['/64k', Buffer.alloc(64 * KIB, 'x')],
  ['/1m', Buffer.alloc(1024 * KIB, 'x')],
]);
const SMALL = Buffer.alloc(100, 'x');
/** Makes ten response fields with what node:http adds. */
const MORE_FIELDS = {
  'Last-Modified': 'Thu, 01 Jan 2026 00:00:00 GMT',
  ETag: '"6956a000-2800"',
  'Accept-Ranges': 'bytes',
  'Cache-Control': 'private, max-age=0, must-revalidate',
  Vary: 'Accept-Encoding, Cookie',
};

for (const port of process.argv.slice(2)) {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://127.0.0.1').pathname;
    const body = ANSWERS.get(path) ?? SMALL;
    const fields = {
      'Content-Type': 'text/html',
      'Content-Length': body.length,
      ...(path === '/10k' ? MORE_FIELDS : {}),
    };
    request.resume();
    request.once('end', () => response.writeHead(200, fields).end(body));
  });
  server.keepAliveTimeout = 600_000;
  server.maxRequestsPerSocket = 0;
  server.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 });
}
