import { describe, expect } from 'vitest';
import { e2e, forward, type LabProxy } from './lab.ts';
import { RawClient } from './raw-client.ts';

/** A client whose tunnel to `port` is open. */
async function openTunnel(proxy: LabProxy, port: number): Promise<RawClient> {
  const client = await RawClient.connect(proxy.port);
  client.sendHead(`CONNECT 127.0.0.1:${port} HTTP/1.1`, `Host: 127.0.0.1:${port}`);
  expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  return client;
}

describe('a tunnel', () => {
  e2e('carries on one way after the client has finished the other', async (lab) => {
    const proxy = await lab.inband();
    const origin = await lab.tcpOrigin((socket) => {
      let received = '';
      socket.on('data', (bytes) => (received += bytes.toString()));
      socket.on('end', () => socket.end(`after the end: ${received}`));
    });
    const client = await openTunnel(proxy, origin.port);
    client.send('question');
    client.socket.end();
    expect(await client.toEnd()).toBe('after the end: question');
    await client.closed;
    expect(await proxy.recorded(1)).toMatchObject([{ kind: 'tunnel', bytesIn: 8, bytesOut: 23, error: undefined }]);
  });

  e2e('carries on one way after the server has finished the other', async (lab) => {
    const proxy = await lab.inband();
    const heard = Promise.withResolvers<string>();
    const origin = await lab.tcpOrigin((socket) => {
      let received = '';
      socket.on('data', (bytes) => (received += bytes.toString()));
      socket.on('end', () => heard.resolve(received));
      socket.end('goodbye');
    });
    const client = await openTunnel(proxy, origin.port);
    expect(await client.toEnd()).toBe('goodbye');
    client.send('one more thing');
    client.socket.end();
    expect(await heard.promise).toBe('one more thing');
    await client.closed;
  });

  e2e('passes on what the client sent along with its request', async (lab) => {
    const proxy = await lab.inband();
    const origin = await lab.tcpOrigin((socket) => socket.pipe(socket));
    const client = await RawClient.connect(proxy.port);
    client.send(`CONNECT 127.0.0.1:${origin.port} HTTP/1.1\r\nHost: 127.0.0.1:${origin.port}\r\n\r\nearly`);
    await client.until('\r\n\r\nearly');
    client.socket.end();
    expect(await client.toEnd()).toBe('');
  });

  e2e('passes on a reset of the server as a reset', async (lab) => {
    const proxy = await lab.inband();
    const origin = await lab.tcpOrigin((socket) => socket.once('data', () => socket.resetAndDestroy()));
    const client = await openTunnel(proxy, origin.port);
    client.send('now');
    expect((await client.closed).error?.code).toBe('ECONNRESET');
  });

  e2e('passes on a reset of the client as a reset', async (lab) => {
    const proxy = await lab.inband();
    const reset = Promise.withResolvers<string | undefined>();
    const origin = await lab.tcpOrigin((socket) => {
      socket.on('error', ({ code }: NodeJS.ErrnoException) => reset.resolve(code)).resume();
    });
    const client = await openTunnel(proxy, origin.port);
    client.socket.resetAndDestroy();
    expect(await reset.promise).toBe('ECONNRESET');
  });

  e2e('that stands idle is closed after tunnelIdleTimeout', async (lab) => {
    const proxy = await lab.inband(forward({ tunnelIdleTimeout: '50ms' }));
    const origin = await lab.tcpOrigin((socket) => socket.resume());
    const client = await openTunnel(proxy, origin.port);
    expect(await client.toEnd()).toBe('');
    client.socket.destroy();
  });
});

describe('CONNECT', () => {
  e2e('to a port that is not allowed is a 403 that names the setting', async (lab) => {
    const proxy = await lab.inband({
      listeners: [{ bind: '127.0.0.1:0', service: 'browser' }],
      services: {
        browser: { mode: 'forward', http: { connectPorts: [443] }, routes: [{ chainer: { type: 'inband' } }] },
      },
    });
    const origin = await lab.tcpOrigin(() => {});
    const client = await RawClient.connect(proxy.port);
    client.sendHead(`CONNECT 127.0.0.1:${origin.port} HTTP/1.1`, `Host: 127.0.0.1:${origin.port}`);
    const answer = await client.toEnd();
    expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
    expect(answer).toContain('services.browser.http.connectPorts');
    expect(origin.connections).toHaveLength(0);
    client.socket.destroy();
  });
});
