import { execFile, spawnSync } from 'node:child_process';
import { formatSockAddr } from '@inband/core';
import { describe, expect, test } from 'vitest';
import { isName } from '../options/server-address.ts';
import { parseParentUrl } from './parent-url.ts';
import { type Environment, proxyFor, readProxyVariables } from './proxy-variables.ts';

/** Where nobody listens: what curl tries there is in what it says. Nothing leaves loopback. */
const A = 'http://127.0.0.2:9';
const B = 'http://127.0.0.3:9';
const C = 'http://127.0.0.4:9';
const DIRECT = '127.0.0.1:9';

interface Case {
  readonly environment: Environment;
  readonly url: string;
  /** The proxy; undefined for none. */
  readonly proxy: string | undefined;
}

const of = (environment: Environment, url: string, proxy: string | undefined): Case => ({ environment, url, proxy });

/** With a proxy for everything that `no_proxy` does not name. */
const exempt = (no_proxy: string, url: string, isExempt: boolean): Case =>
  of({ all_proxy: C, no_proxy }, url, isExempt ? undefined : C);

const VARIABLES: readonly Case[] = [
  of({}, 'http://a.example/', undefined),
  of({ http_proxy: A, https_proxy: B, all_proxy: C }, 'http://a.example/', A),
  of({ http_proxy: A, https_proxy: B, all_proxy: C }, 'https://a.example/', B),
  of({ http_proxy: A }, 'https://a.example/', undefined),
  of({ https_proxy: B }, 'http://a.example/', undefined),
  of({ HTTP_PROXY: A }, 'http://a.example/', undefined),
  of({ HTTP_PROXY: A, all_proxy: C }, 'http://a.example/', C),
  of({ HTTPS_PROXY: B }, 'https://a.example/', B),
  of({ HTTPS_PROXY: A, https_proxy: B }, 'https://a.example/', B),
  of({ ALL_PROXY: C }, 'http://a.example/', C),
  of({ ALL_PROXY: A, all_proxy: C }, 'https://a.example/', C),
  of({ http_proxy: '', all_proxy: C }, 'http://a.example/', C),
  of({ all_proxy: '', ALL_PROXY: C }, 'http://a.example/', C),
  of({ all_proxy: C, NO_PROXY: 'a.example' }, 'http://a.example/', undefined),
  of({ all_proxy: C, NO_PROXY: 'a.example', no_proxy: 'b.example' }, 'http://a.example/', C),
  of({ all_proxy: C, NO_PROXY: 'a.example', no_proxy: '' }, 'http://a.example/', undefined),
  of({ all_proxy: '127.0.0.4:9' }, 'http://a.example/', '127.0.0.4:9'),
];

const EXEMPTIONS: readonly Case[] = [
  exempt('*', 'http://a.example/', true),
  exempt('*', 'http://10.0.0.1/', true),
  exempt('*,b.example', 'http://a.example/', false),
  exempt(' *', 'http://a.example/', false),
  exempt('a.example', 'http://a.example/', true),
  exempt('a.example', 'https://a.example:8443/', true),
  exempt('a.example', 'http://www.a.example/', true),
  exempt('a.example', 'http://aa.example/', false),
  exempt('a.example', 'http://a.example.org/', false),
  exempt('.a.example', 'http://a.example/', true),
  exempt('.a.example', 'http://www.a.example/', true),
  exempt('.a.example', 'http://aa.example/', false),
  exempt('..a.example', 'http://www.a.example/', false),
  exempt('*.a.example', 'http://www.a.example/', false),
  exempt('example', 'http://a.example/', true),
  exempt('.', 'http://a.example/', false),
  exempt('A.Example', 'http://a.eXAMPLE/', true),
  exempt('a.example.', 'http://a.example/', true),
  exempt('a.example', 'http://a.example./', true),
  exempt('.a.example.', 'http://www.a.example./', true),
  exempt('a.example:80', 'http://a.example/', false),
  exempt('a.example:8080', 'http://a.example:8080/', false),
  exempt('localhost', 'http://localhost/', true),
  exempt('a.example,b.example', 'http://b.example/', true),
  exempt('a.example, b.example', 'http://b.example/', true),
  exempt('a.example ,\tb.example', 'http://b.example/', true),
  exempt(',,a.example,,b.example,', 'http://b.example/', true),
  exempt('  b.example  ', 'http://b.example/', true),
  exempt('', 'http://b.example/', false),
  exempt('10.0.0.1', 'http://10.0.0.1/', true),
  exempt('10.0.0.1', 'http://10.0.0.11/', false),
  exempt('0.0.1', 'http://10.0.0.1/', false),
  exempt('.0.0.1', 'http://10.0.0.1/', false),
  exempt('10.0.0.1.', 'http://10.0.0.1/', false),
  exempt('10.0.0.0/8', 'http://10.1.2.3/', true),
  exempt('10.0.0.0/8', 'https://10.1.2.3:8443/', true),
  exempt('10.0.0.0/8', 'http://11.1.2.3/', false),
  exempt('10.1.2.3/8', 'http://10.9.9.9/', true),
  exempt('10.0.0.0/9', 'http://10.128.0.1/', false),
  exempt('10.0.0.1/32', 'http://10.0.0.1/', true),
  exempt('10.0.0.1/32', 'http://10.0.0.2/', false),
  exempt('10.0.0.1/33', 'http://10.0.0.1/', false),
  exempt('10.0.0.0/0', 'http://10.0.0.1/', false),
  exempt('10.0.0.1/0', 'http://10.0.0.1/', true),
  exempt('10.0.0.1/x', 'http://10.0.0.1/', true),
  exempt('10.0.0/8', 'http://10.0.0.1/', false),
  exempt('10.0.0.0/8', 'http://10.a.example/', false),
  exempt('2001:db8::1', 'http://[2001:db8::1]/', true),
  exempt('[2001:db8::1]', 'http://[2001:db8::1]/', false),
  exempt('2001:db8::/32', 'http://[2001:db9::1]/', false),
  exempt('2001:db8::/33', 'https://[2001:db8:8000::1]/', false),
  exempt('2001:db8::1/129', 'http://[2001:db8::1]/', false),
  exempt('::/0', 'http://[2001:db8::1]/', false),
  exempt('10.0.0.0/8', 'http://[::ffff:10.0.0.1]/', false),
];

/** What a blank between two names means will change in curl. */
const BEFORE_CURL_8: readonly Case[] = [
  exempt('a.example b.example', 'http://a.example/', true),
  exempt('a.example b.example', 'http://b.example/', true),
];

/** What the manual of curl says of IPv6. Its version 7.88 compares texts. */
const BY_THE_MANUAL: readonly Case[] = [
  exempt('2001:DB8:0::1', 'http://[2001:db8::1]/', true),
  exempt('2001:db8::/32', 'http://[2001:db8:ffff::1]/', true),
  exempt('2001:db8::1/128', 'http://[2001:db8::1]/', true),
];

const [, major, minor] =
  /^curl (\d+)\.(\d+)/.exec(spawnSync('curl', ['--version'], { encoding: 'utf8' }).stdout ?? '') ?? [];
const curlVersion = Number(major) * 100 + Number(minor);
const hasCurl = !Number.isNaN(curlVersion) || process.env.INBAND_REQUIRE_ALL !== undefined;

const named = (cases: readonly Case[]) => cases.map((one) => [JSON.stringify(one.environment), one.url, one] as const);

const asCurl = [...VARIABLES, ...EXEMPTIONS, ...(curlVersion < 800 ? BEFORE_CURL_8 : [])];

describe('of each environment', () => {
  test.each(named(asCurl))('%s curl and Inband make the same for %s', async (_environment, _url, one) => {
    expect(chosen(one)).toBe(one.proxy);
    if (hasCurl) expect(await triedByCurl(one.environment, one.url)).toBe(one.proxy?.replace('http://', '') ?? DIRECT);
  });

  test.each(named(BY_THE_MANUAL))('%s Inband makes what curl has in its manual for %s', (_environment, _url, one) => {
    expect(chosen(one)).toBe(one.proxy);
  });
});

test.each([
  '127.0.0.2',
  '127.0.0.2:9',
  'http://127.0.0.2',
  'http://127.0.0.2:9/',
  'HTTP://127.0.0.2:9',
  'https://127.0.0.2',
  'https://127.0.0.2:9',
  'socks4://127.0.0.2',
  'socks4a://127.0.0.2',
  'socks5://127.0.0.2',
  'socks5h://ann:p%40w@127.0.0.2:9',
])('curl and Inband find the same server in %s', async (proxy) => {
  const { server } = parseParentUrl(proxy);
  if (isName(server)) throw new Error('It is an address.');
  const tried = await triedByCurl({ all_proxy: proxy }, 'http://a.example/');
  if (hasCurl) expect(formatSockAddr(server)).toBe(tried);
});

function chosen({ environment, url }: Case): string | undefined {
  const { protocol, hostname, port } = new URL(url);
  const scheme = protocol === 'http:' ? 'http' : 'https';
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const asked = { scheme, host, port: Number(port) || (scheme === 'http' ? 80 : 443) } as const;
  return proxyFor(readProxyVariables(environment), asked)?.value;
}

/** The address that curl connects to first. */
function triedByCurl(environment: Environment, url: string): Promise<string | undefined> {
  const path = process.env.PATH ?? '';
  const args = ['--disable', '--verbose', '--silent', '--max-time', '5', '--connect-to', `::${DIRECT}`, '--', url];
  return new Promise((resolve) => {
    execFile('curl', args, { env: { PATH: path, ...environment } }, (_error, _stdout, stderr) => {
      resolve(/Trying ([^ ]*?)\.\.\./.exec(stderr)?.[1]);
    });
  });
}
