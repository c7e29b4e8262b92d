import { inetAddr, type ClientConnection, type SockAddr } from '@inband/core';
import { expect, test } from 'vitest';
import type { HarnessOptions } from '../../../test-support/harness.ts';
import { useHarness } from '../../../test-support/use-harness.ts';

const make = useHarness();

/** What a client at `address` gets when it asks for a tunnel to `port`. */
async function ask(address: string, port: number, http: NonNullable<HarnessOptions['http']> = {}): Promise<string> {
  const h = await make({ mode: 'forward', http });
  const pair = h.network.connectPair();
  const client: SockAddr = address === 'unix' ? { family: 'unix', path: '' } : inetAddr(address, 40_000)!;
  let received = '';
  const answered = new Promise<void>((resolve) => {
    pair.client.handler = {
      data: (bytes, start, end) => {
        received += bytes.toString('latin1', start, end);
        resolve();
      },
      drained() {},
      ended() {},
      closed() {},
    };
  });
  pair.client.resume();
  const local = inetAddr('127.0.0.1', 3128)!;
  const accepted: ClientConnection = { id: 9, connection: pair.server, address: client, local, listener: local };
  h.proxy.accept(accepted);
  pair.client.write(Buffer.from(`CONNECT h:${port} HTTP/1.1\r\nHost: h:${port}\r\n\r\n`));
  await answered;
  pair.client.destroy(new Error('enough'));
  return received;
}

test('without a list, clients on this machine may have tunnels to any port', async () => {
  for (const address of ['127.0.0.1', '127.5.5.5', '::1', 'unix']) expect(await ask(address, 5173)).toContain(' 200 ');
});

test('without a list, other clients get the usual ports, and are told why, but not where it is configured', async () => {
  for (const port of [80, 443, 8080, 8443]) expect(await ask('10.0.0.7', port)).toContain(' 200 ');
  const refused = await ask('10.0.0.7', 5173);
  expect(refused).toContain(' 403 ');
  expect(refused).toContain('details="Tunnels to port 5173 are not allowed for clients on other machines."');
  expect(refused).not.toContain('services.test');
});

test('a list holds for everybody, and so does "any"', async () => {
  for (const address of ['127.0.0.1', '10.0.0.7']) {
    expect(await ask(address, 443, { connectPorts: [5173] })).toContain(' 403 ');
    expect(await ask(address, 5173, { connectPorts: [5173] })).toContain(' 200 ');
    expect(await ask(address, 25, { connectPorts: 'any' })).toContain(' 200 ');
  }
});
