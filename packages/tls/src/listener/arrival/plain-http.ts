const MESSAGE = 'This port speaks TLS: ask for https:// instead.\n';

/** What a client that speaks HTTP to a TLS listener is told. */
export const PLAIN_HTTP_ANSWER = Buffer.from(
  `HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(MESSAGE)}\r\n` +
    `Connection: close\r\n\r\n${MESSAGE}`,
);

/** Whether the first byte of a client is one of a request, and none of TLS. */
export function isOfHttp(firstByte: number | undefined): boolean {
  const lower = (firstByte ?? 0) | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}
