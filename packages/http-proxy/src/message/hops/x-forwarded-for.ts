import { inetAddr, type InetAddr } from '@inband/core';
import type { Hop } from './hop.ts';

/** The hops in all `X-Forwarded-For` lines of a request, the nearest last. Nothing in them is quoted. */
export function hopsOfXForwardedFor(lines: readonly string[]): Hop[] {
  return lines
    .flatMap((line) => line.split(','))
    .map((element) => element.replace(OWS, ''))
    .filter((node) => node !== '')
    .map((node) => ({ node, scheme: undefined }));
}

const OWS = /^[ \t]+|[ \t]+$/g;

/**
 * The address of a node: `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]`, `[2001:db8::1]:80`, and `2001:db8::1`, which `Forwarded` does not allow.
 * Its port is 0 where none is written. Undefined where it is none.
 */
export function addressOfNode(node: string, mayBeBare: boolean): InetAddr | undefined {
  if (mayBeBare && (node.match(/:/g)?.length ?? 0) > 1 && !node.startsWith('[')) return inetAddr(node, 0);
  const [, six, four = '', port = '0'] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{1,5}|_[\w.-]+))?$/.exec(node) ?? [];
  // A port may be hidden (RFC 7239 section 6.2).
  const number = port.startsWith('_') ? 0 : Number(port);
  if (number > 65_535) return undefined;
  if (six === undefined) return inetAddr(four, number);
  return six.includes(':') ? inetAddr(six, number) : undefined;
}
