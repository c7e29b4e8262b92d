/**
 * HTTP inside CONNECT tunnels, understood: a client may open a tunnel, and what it sends through it is still subject to rules.
 *
 *     node docs/examples/stacking.ts
 */
import { createInband } from 'inband';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { portOfProxy, startServer } from './local.ts';

const server = await startServer('welcome');
const inband = await createInband({
  listeners: [{ bind: '127.0.0.1:0', service: 'browsers' }],
  services: {
    browsers: {
      mode: 'forward',
      http: { connectPorts: 'any' },
      routes: [
        {
          match: { method: 'CONNECT' },
          // The tunnel is connected as the inner chainer says, and then handed to another service.
          chainer: { type: 'sidestack', service: 'in-tunnels', chainer: { type: 'inband' } },
        },
        { chainer: { type: 'inband' } },
      ],
    },
    'in-tunnels': {
      mode: 'transparent',
      access: [{ deny: { methods: ['DELETE'], reason: 'Reading only.' } }],
    },
  },
});

/** Opens a tunnel to the server. */
function openTunnel(): Promise<Socket> {
  const connect = { host: '127.0.0.1', port: portOfProxy(inband), method: 'CONNECT', path: server.address };
  return new Promise((resolve, reject) => {
    request(connect)
      .on('connect', (_response, socket) => resolve(socket))
      .on('error', reject)
      .end();
  });
}

/** One request through a tunnel. */
async function askInTunnel(method: string): Promise<number | undefined> {
  const socket = await openTunnel();
  const inTunnel = { method, path: '/', headers: { host: server.address }, createConnection: () => socket };
  const status = await new Promise<number | undefined>((resolve, reject) => {
    request(inTunnel, (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end();
  });
  socket.destroy();
  return status;
}

for (const method of ['GET', 'DELETE']) console.log(method, 'in a tunnel:', await askInTunnel(method));

server.close();
await inband.close({ grace: 0 });
