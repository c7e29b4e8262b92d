import { AddressZones, inetAddr, parseIp } from '@inband/core';
import { describe, expect, test } from 'vitest';
import type { HarnessOptions } from '../../test-support/harness.ts';
import { useHarness } from '../../test-support/use-harness.ts';

const make = useHarness();
const HTML = 'Accept: text/html\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const far = inetAddr('192.168.0.7', 50_000)!;

/** What a forward proxy at 127.0.0.1:3128 answers a client. */
async function ask(
  head: string,
  how: HarnessOptions = {},
  more: Parameters<Awaited<ReturnType<typeof make>>['client']>[0] = {},
): Promise<string> {
  const harness = await make({ mode: 'forward', ...how });
  const client = harness.client(more);
  client.send(`${head}\r\n`);
  await client.answered();
  expect(harness.dialled).toBe(0);
  return client.received;
}

const direct = (path: string, host = 'px.corp:3128'): string => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${HTML}`;
const through = (url: string): string => `GET ${url} HTTP/1.1\r\nHost: ignored\r\n${HTML}`;

describe('the page of a forward proxy', () => {
  test('says that it runs, and how to use it by the address that it was reached by', async () => {
    const page = await ask(direct('/'));
    expect(page).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(page).toContain('<title>It runs</title>');
    expect(page).toContain('git config --global http.proxy http://px.corp:3128<');
    expect(page).toContain('This browser asked the proxy directly.');
    expect(page).toContain('&quot;http-proxy&quot;: &quot;http://px.corp:3128&quot;');
  });

  test('loads nothing, runs nothing, and is not framed', async () => {
    const page = await ask(direct('/'));
    expect(page).toMatch(/\r\nContent-Security-Policy: default-src 'none'; .*frame-ancestors 'none'/);
    expect(page).toContain('\r\nX-Content-Type-Options: nosniff\r\n');
    expect(page).not.toMatch(/<script|<img|<iframe|<form| src=| style=| on[a-z]+=|@import|url\(/);
  });

  test('knows a browser that comes through the proxy, by its address or by the name that no server has', async () => {
    for (const url of ['http://127.0.0.1:3128/', 'http://127.0.0.1:3128', 'http://inband.invalid/']) {
      const page = await ask(through(url));
      expect(page).toContain('This browser comes through the proxy.');
      expect(page).toContain('http.proxy http://127.0.0.1:3128<');
    }
  });

  test('writes an IPv6 address as URLs have it', async () => {
    expect(await ask(direct('/', '[::1]:3128'))).toContain('http.proxy http://[::1]:3128<');
  });

  test('has no content for HEAD, and leaves the connection open', async () => {
    const harness = await make({ mode: 'forward' });
    const client = harness.client();
    client.send(`HEAD / HTTP/1.1\r\nHost: h\r\n${HTML}\r\n`);
    expect(await client.receive('\r\n\r\n')).toMatch(/\r\nContent-Length: [1-9]/);
    client.send('HEAD /proxy.pac HTTP/1.1\r\nHost: h\r\n\r\n');
    expect(await client.receive('\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  test.each<[string, string, HarnessOptions, object]>([
    ['is switched off', direct('/'), { http: { ownPages: false } }, {}],
    ['is asked for by a program', 'GET / HTTP/1.1\r\nHost: h\r\n', {}, {}],
    ['is asked for by a method that changes something', `POST / HTTP/1.1\r\nHost: h\r\n${HTML}`, {}, {}],
    ['is asked for with a body', `GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n${HTML}\r\nx`, {}, {}],
    ['is another', direct('/index.html'), {}, {}],
    ['is asked for by a client that policy admits to nothing', direct('/'), { rules: [{ action: 'deny' }] }, {}],
    ['is asked for by a public client', direct('/'), {}, { address: inetAddr('203.0.113.9', 50_000) }],
    ['is asked for on a Unix socket', direct('/'), {}, { local: { family: 'unix', path: '/run/px' } }],
  ])('is the error of old where it %s', async (_what, head, how, more) => {
    const answer = await ask(head, how, more);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).not.toContain('It runs');
    expect(answer).toContain('This is a forward proxy: configure it as one');
  });

  test('a client that policy admits to nothing is denied what it asks for through the proxy, too', async () => {
    const denied = await ask(through('http://inband.invalid/'), { rules: [{ action: 'deny' }] });
    expect(denied).toMatch(/^HTTP\/1\.1 403 /);
  });
});

test.each(['/', '/proxy.pac', '/wpad.dat'])('a reverse proxy passes %s on', async (path) => {
  const harness = await make({ mode: 'reverse' });
  const client = harness.client();
  client.send(`${direct(path)}\r\n`);
  const server = await harness.server();
  expect(await server.receive('\r\n\r\n')).toContain(`GET ${path} HTTP/1.1`);
  server.send(OK);
  await client.receive('ok');
});

test.each(['http://127.0.0.1:3129/', 'http://127.0.0.1:3128/other', 'http://inband.invalid:8080/'])(
  '%s, which is another port or path, is for a server',
  async (url) => {
    const harness = await make({ mode: 'forward' });
    const client = harness.client();
    client.send(`${through(url)}\r\n`);
    const server = await harness.server();
    await server.receive('\r\n\r\n');
    server.send(OK);
    await client.receive('ok');
  },
);

describe('the file for browsers', () => {
  test.each(['/proxy.pac', '/wpad.dat', '/wpad.dat?x=1'])('is at %s, with its type, for whoever asks', async (path) => {
    const answer = await ask(`GET ${path} HTTP/1.1\r\nHost: px.corp:3128\r\n`, {}, { address: far });
    expect(answer).toContain('\r\nContent-Type: application/x-ns-proxy-autoconfig\r\n');
    expect(answer).toContain('\r\nCache-Control: private, max-age=300\r\n');
    expect(answer).toContain('\r\nX-Content-Type-Options: nosniff\r\n');
    expect(answer).toContain('var proxy = "PROXY px.corp:3128";');
  });

  test('names the address itself where no name was used to get it', async () => {
    const answer = await ask('GET http://inband.invalid/proxy.pac HTTP/1.1\r\nHost: inband.invalid\r\n');
    expect(answer).toContain('var proxy = "PROXY 127.0.0.1:3128";');
  });

  test('follows the zones that it names, also when they change', async () => {
    const zones = new AddressZones({ site: { addresses: ['192.0.2.0/24'], hosts: ['a.example'] } });
    const harness = await make({ mode: 'forward', zones, http: { pacDirect: ['site'] } });
    const client = harness.client();
    client.send('GET /proxy.pac HTTP/1.1\r\nHost: px\r\n\r\n');
    expect(await client.receive('function')).toContain('"c0000200","c00002ff"];');
    await client.receive('return key;\n}\n');
    zones.replaceHosts(new Map([['a.example', [parseIp('198.51.100.1')!]]]));
    client.send('GET /proxy.pac HTTP/1.1\r\nHost: px\r\n\r\n');
    expect(await client.receive('function')).toContain('"c0000200","c00002ff","c6336401","c6336401"];');
  });
});
