import { AddressZones } from '@inband/core';
import { PacFile } from '@inband/pac';
import { compilePacRules, pacText } from '@inband/http-proxy';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createPacResolver } from 'pac-resolver';
import { QuickJS } from 'quickjs-wasi';
import { describe, expect, onTestFinished, test } from 'vitest';

const zones = new AddressZones({
  office: { addresses: ['172.20.0.0/16', '2001:db8:1::/48'] },
  guests: { addresses: ['172.20.128.0/24'] },
  lab: { addresses: ['172.20.7.0/24'], parent: 'office' },
});
const PROXIED = 'PROXY px.corp:3128';
const wasm = await readFile(fileURLToPath(import.meta.resolve('quickjs-wasi/quickjs.wasm')));

type Find = (url: string, name?: string) => Promise<string>;

/** What a browser with this list does with a URL. */
function resolver(direct: readonly string[], host = 'px.corp'): Promise<Find> {
  return run(pacText(rulesOf(direct), { host, port: 3128 }));
}

/** In an engine of its own, because the names of a file are global in it. */
async function run(text: string): Promise<Find> {
  return createPacResolver(await QuickJS.create({ wasm }), text);
}

const rulesOf = (direct: readonly string[]): ReturnType<typeof compilePacRules> =>
  compilePacRules('services.a.http', ['pacDirect'], direct, zones);

describe('without a list, everything goes through the proxy but loopback', async () => {
  const find = await resolver([]);
  test.each<[string, string]>([
    ['http://shop.example/', PROXIED],
    ['https://shop.example:8443/a?b', PROXIED],
    ['wss://shop.example/', PROXIED],
    ['http://intranet/', PROXIED],
    ['http://10.0.0.1/', PROXIED],
    ['http://[2001:db8::1]/', PROXIED],
    ['http://localhost.example/', PROXIED],
    ['http://xlocalhost/', PROXIED],
    ['http://128.0.0.1/', PROXIED],
    ['http://126.255.255.255/', PROXIED],
    ['http://[::2]/', PROXIED],
    ['http://__proto__/', PROXIED],
    ['http://constructor/', PROXIED],
    ['http://localhost/', 'DIRECT'],
    ['http://LOCALHOST:8080/', 'DIRECT'],
    ['http://app.localhost/', 'DIRECT'],
    ['http://127.0.0.1/', 'DIRECT'],
    ['http://127.255.255.255:3000/', 'DIRECT'],
    ['http://[::1]/', 'DIRECT'],
    ['http://[::ffff:127.0.0.1]/', 'DIRECT'],
  ])('a browser that asks for %s is told %s', async (url, expected) => {
    expect(await find(url)).toBe(expected);
  });
});

describe('what the list names is direct', async () => {
  const find = await resolver([
    'wiki.corp',
    '*.intern.corp',
    '10.0.0.0/8',
    '11.0.0.0/8',
    '10.1.0.0/16',
    '192.0.2.1',
    'fd00::/8',
    '[2001:db8::1]',
    '<local>',
  ]);
  test.each<[string, string]>([
    ['http://wiki.corp/', 'DIRECT'],
    ['http://wiki.corp./', 'DIRECT'],
    ['http://a.wiki.corp/', PROXIED],
    ['http://a.intern.corp/', 'DIRECT'],
    ['http://a.b.intern.corp/', 'DIRECT'],
    ['http://intern.corp/', PROXIED],
    ['http://notintern.corp/', PROXIED],
    ['http://printer/', 'DIRECT'],
    ['http://10.0.0.0/', 'DIRECT'],
    ['http://10.255.255.255/', 'DIRECT'],
    ['http://11.255.255.255/', 'DIRECT'],
    ['http://9.255.255.255/', PROXIED],
    ['http://12.0.0.0/', PROXIED],
    ['http://192.0.2.1/', 'DIRECT'],
    ['http://192.0.2.2/', PROXIED],
    ['http://[fd12:3456::1]/', 'DIRECT'],
    ['http://[fe00::1]/', PROXIED],
    ['http://[2001:db8::1]/', 'DIRECT'],
    ['http://[2001:db8:0:0:0:0:0:1]/', 'DIRECT'],
    ['http://[2001:db8::2]/', PROXIED],
    ['http://[::ffff:10.0.0.1]/', 'DIRECT'],
  ])('a browser that asks for %s is told %s', async (url, expected) => {
    expect(await find(url)).toBe(expected);
  });

  test('whether the browser gives an IPv6 address with brackets or without', async () => {
    expect(await find('http://[fd00::1]/', 'fd00::1')).toBe('DIRECT');
    expect(await find('http://[fd00::1]/', '[FD00::1]')).toBe('DIRECT');
    for (const odd of ['fd00:::1', '::', 'fd00::1::', 'fd00:1', '1:2:3:4:5:6:7:8:9', 'fd00::g', '10.0.0.999', '10.0.1'])
      expect(await find('http://x.example/', odd), odd).toBe(PROXIED);
  });
});

describe('of a zone what is in it is direct, with its children and without other zones', async () => {
  const find = await resolver(['office', 'private']);
  test.each<[string, string]>([
    ['http://172.20.0.1/', 'DIRECT'],
    ['http://172.20.7.1/', 'DIRECT'],
    ['http://172.20.127.255/', 'DIRECT'],
    ['http://172.20.129.0/', 'DIRECT'],
    ['http://[2001:db8:1::5]/', 'DIRECT'],
    ['http://[2001:db8:2::5]/', PROXIED],
    ['http://192.168.255.255/', 'DIRECT'],
    ['http://[fd00::1]/', 'DIRECT'],
    ['http://8.8.8.8/', PROXIED],
    ['http://169.254.169.254/', PROXIED],
    ['http://100.100.100.200/', PROXIED],
    ['http://100.100.100.201/', 'DIRECT'],
    ['http://office/', PROXIED],
  ])('a browser that asks for %s is told %s', async (url, expected) => {
    expect(await find(url)).toBe(expected);
  });

  test('a zone within another one that is no child of it is not', async () => {
    expect(await (await resolver(['office']))('http://172.20.128.1/')).toBe(PROXIED);
  });
});

test('a proxy at an IPv6 address stands in brackets', async () => {
  expect(await (await resolver([], '2001:db8::1'))('http://a.example/')).toBe('PROXY [2001:db8::1]:3128');
});

test('no name can end a string of the file', async () => {
  const host = 'a"; DIRECT\u2028</script>';
  const text = pacText(rulesOf([]), { host, port: 1 });
  expect(text).toContain(String.raw`var proxy = "PROXY a\"; DIRECT\u2028</script>:1";`);
  expect(await (await run(text))('http://a.example/')).toBe(`PROXY ${host}:1`);
});

test('ten thousand networks that touch are one, and the file stays small where they do not', async () => {
  const touching = Array.from({ length: 9_999 }, (_, index) => `10.${index >> 8}.${index & 255}.0/24`);
  expect(pacText(rulesOf(touching), { host: 'px', port: 1 }).length).toBeLessThan(4_000);
  const apart = Array.from({ length: 9_999 }, (_, index) => `10.${index >> 7}.${(index & 127) * 2}.0/24`);
  expect(pacText(rulesOf(apart.slice(4)), { host: 'px', port: 1 }).length).toBeLessThan(300_000);
  expect(() => rulesOf([...apart, ...touching])).not.toThrow();
  expect(() => rulesOf([...apart, 'a.example', 'b.example'])).toThrow('A browser takes at most 10000');
  const find = await resolver(apart.slice(4));
  expect(await find('http://10.1.2.9/')).toBe('DIRECT');
  expect(await find('http://10.1.3.9/')).toBe(PROXIED);
});

test.each<[string, string, RegExp]>([
  ['a name that is none', 'a b', /"a b" is not a host pattern/],
  ['a network that is none', '10.0.0.0/33', /10\.0\.0\.0\/33/],
  ['a URL', 'http://a.example/', /a\.example/],
  ['a quote', 'a"', /is not a host pattern/],
])('%s in the list is an error that has its place', (_what, text, message) => {
  expect(() => rulesOf(['localhost', text])).toThrow(
    expect.objectContaining({ message: expect.stringMatching(message) as string, path: ['pacDirect', 1] }),
  );
});

test('the chainer that asks PAC files understands such a file in the same way', async () => {
  const list = ['wiki.corp', '*.intern.corp', '10.0.0.0/8', 'fd00::/8', 'office', '<local>'];
  const find = await resolver(list);
  const file = new PacFile({ resolve: () => Promise.resolve([]), alert: () => {} });
  onTestFinished(() => file.close());
  await file.load(pacText(rulesOf(list), { host: 'px.corp', port: 3128 }));
  const hosts = [
    'wiki.corp',
    'a.intern.corp',
    'shop.example',
    'printer',
    '10.1.2.3',
    '11.1.2.3',
    'fd00::1',
    '172.20.7.1',
  ];
  for (const host of hosts) {
    const url = `http://${host.includes(':') ? `[${host}]` : host}/`;
    expect([host, await file.find(url, host)]).toEqual([host, await find(url, host)]);
  }
});
