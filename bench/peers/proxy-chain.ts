/**
 * proxy-chain as a forward proxy: `node proxy-chain.ts PORT`. No authentication, no log. Server connections are kept by
 * an agent without a limit, as its documentation offers; without that it would take Node's global one.
 */
import { Agent } from 'node:http';
import { Server } from 'proxy-chain';

const httpAgent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, maxFreeSockets: 1024 });

const server = new Server({
  host: '127.0.0.1',
  port: Number(process.argv[2]),
  verbose: false,
  prepareRequestFunction: () => ({ requestAuthentication: false, httpAgent }),
});
await server.listen();
