import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import type { ConfigInput } from '../config/input/config-input.ts';
import { createInband } from '../single/inband.ts';

/** A DNS server that never answers, on loopback. */
async function muteServer(): Promise<{ readonly address: string; readonly asked: () => number }> {
  let asked = 0;
  const socket = createSocket('udp4', () => (asked += 1)).bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  return { address: `127.0.0.1:${socket.address().port}`, asked: () => asked };
}

/** What a client is told that asks for a name. Both it and the proxy are on loopback. */
async function ask(resolver: ConfigInput['resolver'], responseTimeout: `${number}s` | `${number}ms`): Promise<string> {
  const inband = await createInband({
    listeners: [{ bind: '127.0.0.1:0', service: 'out' }],
    resolver,
    services: { out: { mode: 'forward', http: { responseTimeout }, routes: [{ chainer: { type: 'inband' } }] } },
  });
  onTestFinished(() => inband.close({ grace: 0 }));
  const address = inband.listeners[0]?.address;
  if (address === undefined || !('port' in address)) throw new Error('The proxy does not listen.');
  const client = connect(address.port, '127.0.0.1');
  client.write('GET http://mute.example/ HTTP/1.1\r\nHost: mute.example\r\nConnection: close\r\n\r\n');
  return text(client);
}

test('where no DNS server answers, a client is told so when all have had their time, long before responseTimeout', async () => {
  const { address, asked } = await muteServer();
  const begun = performance.now();
  const answer = await ask({ type: 'dns', servers: [address], timeout: '40ms', tries: 2 }, '60s');
  expect(answer).toMatch(/^HTTP\/1\.1 504 /);
  expect(answer).toContain('could not be resolved: no DNS server answered in time.');
  expect(answer).toMatch(/\r\nProxy-Status: [^\r]*error=dns_timeout/i);
  expect(performance.now() - begun).toBeLessThan(20_000);
  expect(asked()).toBeGreaterThan(1);
});

test('where responseTimeout is shorter than a look-up, the client is told then that it was the name', async () => {
  const { address, asked } = await muteServer();
  const answer = await ask({ type: 'dns', servers: [address] }, '80ms');
  expect(answer).toMatch(/^HTTP\/1\.1 504 /);
  expect(answer).toContain('could not be resolved within 80 ms.');
  expect(answer).toMatch(/\r\nProxy-Status: [^\r]*error=dns_timeout/i);
  expect(answer).toContain('http.responseTimeout');
  expect(asked()).toBeGreaterThan(0);
});
