import type { ClientTls } from '@inband/core';
import { expect, test } from 'vitest';
import type { HarnessOptions } from '../../../test-support/harness.ts';
import { useHarness } from '../../../test-support/use-harness.ts';

const make = useHarness();

const tls: ClientTls = {
  version: 'TLSv1.3',
  cipher: 'TLS_AES_128_GCM_SHA256',
  serverName: 'web.example',
  alpn: undefined,
  resumed: false,
  certificate: undefined,
  covers: (name) => name === 'web.example' || name.endsWith('.shop.example'),
};

/** Asks for a host by clients of one proxy: what the server gets, or else the status line for the client. */
async function asking(options: HarnessOptions) {
  const h = await make({ mode: 'reverse', ...options });
  return async (host: string, path = '/'): Promise<string> => {
    const client = h.client({ tls });
    client.send(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    if (!tls.covers(host.replace(':443', '')) || host.startsWith('a.')) return client.receive('\r\n');
    const server = await h.server();
    const head = await server.receive('\r\n\r\n');
    server.send('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n');
    await client.receive('\r\n\r\n');
    return head;
  };
}

const here = { secureHosts: { here: undefined, elsewhere: [] } };

test('a request for a host that the certificate is not for is 421', async () => {
  const ask = await asking(here);
  expect(await ask('other.example')).toContain(' 421 ');
  expect(await ask('web.example')).toContain('GET / HTTP/1.1');
  expect(await ask('web.example:443')).toContain('GET / HTTP/1.1');
});

test('a request for a host of another service is 421, unless this one names it as well', async () => {
  const secureHosts = { here: ['web.example', 'b.shop.example'], elsewhere: ['*.shop.example'] };
  const ask = await asking({ secureHosts });
  expect(await ask('a.shop.example')).toContain(' 421 ');
  expect(await ask('b.shop.example')).toContain('GET / HTTP/1.1');
  expect(await ask('web.example')).toContain('GET / HTTP/1.1');
});

test('without a port the server is that of https, and servers are told so', async () => {
  const http: HarnessOptions['http'] = { forwarded: 'x-forwarded' };
  const ask = await asking({ ...here, http });
  expect(await ask('web.example')).toContain('X-Forwarded-Proto: https\r\n');
  expect(await ask('web.example', 'https://web.example/a')).toContain('GET /a HTTP/1.1\r\nHost: web.example\r\n');
});
