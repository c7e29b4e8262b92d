/**
 * http-proxy-3 as a reverse proxy: `node http-proxy-3.ts PORT ORIGIN`. It dials for every request unless it is given an
 * agent that keeps connections, so it gets one, without a limit.
 */
import { Agent } from 'node:http';
import { createProxyServer } from 'http-proxy-3';

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, maxFreeSockets: 1024 });
const [port, origin] = process.argv.slice(2);

const proxy = createProxyServer({ target: `http://127.0.0.1:${origin}`, agent });
proxy.on('error', (error, _request, response) => {
  console.error(error.message);
  if ('writeHead' in response) response.writeHead(502).end();
  else response.destroy();
});
proxy.listen(Number(port), '127.0.0.1');
