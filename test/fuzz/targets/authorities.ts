import { asText, expectEqual, expectTrue } from './expect.ts';
import type { FuzzTarget } from './target.ts';
import { parsedAuthority } from '../../../packages/http-proxy/test-support/authorities.ts';

/** Host and port of a URL. */
export const authorities: FuzzTarget = {
  name: 'authorities',
  covers: /http-proxy\/src\/message\/authority|core\/src\/base\/ip/,
  words: [
    'example.com', 'localhost', ':80', ':443', ':65535', ':0', ':', '[::1]', '[::ffff:1.2.3.4]', '[fe80::1%25a]', '127.0.0.1', '0x7f', '1.2.3', '2130706433', '.', '-', '_',
    '@', '%41', '[', ']', 'xn--', '255', '::', 'ffff', '0',
  ], // prettier-ignore
  longest: 300,
  run: (input) => {
    const authority = parsedAuthority(input);
    if (authority === undefined) return;
    const { host, port, target } = authority;
    expectEqual('the port of the target', target, { host, port: port ?? 80 });
    expectEqual('case of the host', host, host.toLowerCase());
    const written = (host.includes(':') ? `[${host}]` : host) + (port === undefined ? '' : `:${port}`);
    const again = parsedAuthority(Buffer.from(written, 'latin1'));
    expectEqual('written and read again', [again?.host, again?.port], [host, port]);
    // The parser of browsers reads more. What both read is one host.
    const url = URL.parse(`http://${input.toString('latin1')}/`);
    expectTrue(`${asText(input)} is no authority of a URL`, url !== null);
    if (url === null) return;
    expectEqual('the host for browsers', plain(url.hostname), plain(host));
    expectEqual('the port for browsers', url.port === '' ? 80 : Number(url.port), port ?? 80);
  },
};

/** An IPv4 address in the form of IPv6 is the address that it maps. */
function plain(host: string): string {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  const mapped = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(bare);
  if (mapped === null) return bare;
  const [high, low] = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
