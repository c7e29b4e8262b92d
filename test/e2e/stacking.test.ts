import type { ConfigInput } from 'inband';
import { describe, expect } from 'vitest';
import { e2e, type Lab, type LabOrigin, type LabProxy } from './lab.ts';
import { RawClient } from './raw-client.ts';

type Service = ConfigInput['services'][string];

/** Tunnels to `port` go through the service "inside". */
function stacked(port: number, inside: Partial<Service> = {}): ConfigInput {
  return {
    listeners: [{ bind: '127.0.0.1:0', service: 'browser' }],
    services: {
      browser: {
        mode: 'forward',
        http: { connectPorts: 'any' },
        routes: [
          {
            match: { method: 'CONNECT', port },
            chainer: { type: 'sidestack', service: 'inside', chainer: { type: 'inband' } },
          },
          { chainer: { type: 'inband' } },
        ],
      },
      inside: { mode: 'transparent', ...inside },
    },
  };
}

/** A client whose tunnel to the origin is open. */
async function openTunnel(proxy: LabProxy, { port }: Pick<LabOrigin, 'port'>): Promise<RawClient> {
  const client = await RawClient.connect(proxy.port);
  client.sendHead(`CONNECT 127.0.0.1:${port} HTTP/1.1`, `Host: 127.0.0.1:${port}`);
  expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  return client;
}

async function helloOrigin(lab: Lab): Promise<LabOrigin> {
  return lab.origin((req, res) => void res.end(`${req.headers.host}${req.url} via ${req.headers.via}`));
}

describe('CONNECT into an inner HTTP service', () => {
  e2e('serves what is allowed, request after request, on one server connection', async (lab) => {
    const origin = await helloOrigin(lab);
    const proxy = await lab.inband(stacked(origin.port));
    const client = await openTunnel(proxy, origin);
    client.sendHead('GET /one HTTP/1.1', 'Host: shop.example');
    expect(await client.until('via 1.1 inband')).toMatch(
      /^HTTP\/1\.1 200 OK\r\n[^]*shop\.example\/one via 1\.1 inband$/,
    );
    client.sendHead('GET /two HTTP/1.1', 'Host: other.example');
    expect(await client.until('via 1.1 inband')).toMatch(/other\.example\/two via 1\.1 inband$/);
    client.socket.end();
    expect(await client.toEnd()).toBe('');
    expect(origin.connections).toHaveLength(1);
    const records = await proxy.recorded(3);
    const [one, two, tunnel] = records;
    expect(records.map(({ kind }) => kind)).toEqual(['request', 'request', 'tunnel']);
    expect([one?.session.parent, two?.session.parent]).toEqual([tunnel?.session, tunnel?.session]);
    expect([one?.reused, two?.reused]).toEqual([false, true]);
    expect(one).toMatchObject({ url: '/one', status: 200, error: undefined });
    expect(one?.session.serverAddress).toMatchObject({ address: '127.0.0.1', port: origin.port });
    expect(tunnel).toMatchObject({ status: 200, error: undefined });
  });
});
