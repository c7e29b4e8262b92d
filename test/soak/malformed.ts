import type { Random } from './random.ts';

/** Ways to spoil a request. */
const SPOILERS: readonly ((request: string, random: Random) => string)[] = [
  (request) => request.replace(/\r\n/, '\n'),
  (request) => request.replace('HTTP/1.1', 'HTTP/1.1 '),
  (request) => request.replace('\r\nHost', '\r\nContent-Length: 3\r\nContent-Length: 5\r\nHost'),
  (request) => request.replace('\r\nHost', '\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\nHost'),
  (request) => request.replace('\r\nHost', '\r\nTransfer-Encoding: xchunked\r\nHost'),
  (request) => request.replace('\r\nHost', '\r\nTransfer-Encoding : chunked\r\nHost'),
  (request) => request.replace('\r\nHost', '\r\nContent-Length: +5\r\nHost'),
  (request) => request.replace('\r\nHost', '\r\nHost: other.example\r\nHost'),
  (request) => request.replace('\r\nHost', '\r\n folded\r\nHost'),
  (request) => request.replace('\r\nHost', `\r\nX-Long: ${'a'.repeat(100_000)}\r\nHost`),
  (request) => request.replace('\r\nHost', '\r\nX-A: \0\r\nHost'),
  (request) => request.replace('Transfer-Encoding: chunked\r\n\r\n', 'Transfer-Encoding: chunked\r\n\r\nzz\r\n'),
  (request, random) => {
    const at = position(request, random);
    return request.slice(0, at) + request.slice(Math.max(0, at - 5));
  },
  (request, random) => {
    const at = position(request, random);
    return `${request.slice(0, at)}${String.fromCharCode(Math.floor(random.next() * 256))}${request.slice(at)}`;
  },
  (request, random) => {
    const at = position(request, random);
    return request.slice(0, at) + request.slice(at + 1);
  },
];

/** In the fields. The target stays as it is, because another one may be somebody else's. */
function position(request: string, random: Random): number {
  const begin = request.indexOf('\r\n');
  return begin + Math.floor(random.next() * (request.indexOf('\r\n\r\n') + 2 - begin));
}

/** The request with something wrong about it; rarely it is right nevertheless. */
export function malformed(request: string, random: Random): string {
  return random.of(SPOILERS)(request, random);
}
