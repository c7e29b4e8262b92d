/** One way in which the soak's origin answers. Head and body carry the id of the exchange. */
export interface Form {
  readonly name: string;
  /**
   * What is to come of it: `regular` answers pass, `mended` ones too, and what cannot be understood is `refused`, or cut when
   * it has begun.
   */
  readonly outcome: 'regular' | 'mended' | 'refused';
  readonly head: string;
  readonly body: string;
  /** Sent in the same write, to a request that nobody made. */
  readonly behind?: string;
  /** The same, a moment later. */
  readonly later?: string;
  /** The origin closes behind the answer. */
  readonly closes?: boolean;
  /** Only for GET: what it is about is in the body, or in what announces it. */
  readonly needsBody?: boolean;
}

/** An answer of another exchange that never was. */
const STRAY = 'HTTP/1.1 200 OK\r\nX-Id: stray\r\nContent-Length: 5\r\n\r\nstray';
const CHUNKED = 'Transfer-Encoding: chunked';

function chunks(body: string, eol = '\r\n', extension = ''): string {
  const half = body.length >> 1;
  const chunk = (text: string): string => `${text.length.toString(16)}${extension}${eol}${text}${eol}`;
  return `${half > 0 ? chunk(body.slice(0, half)) : ''}${chunk(body.slice(half))}0${extension}${eol}`;
}

/** All ways in which the exchange `id` may be answered with `body`. */
export function formsOf(id: string, body: string): readonly Form[] {
  const length = `Content-Length: ${body.length}`;
  const head = (...lines: string[]): string => `HTTP/1.1 200 OK\r\nX-Id: ${id}\r\n${lines.join('\r\n')}\r\n\r\n`;
  const byLength = head(length);
  const inChunks = `${chunks(body)}\r\n`;
  const regular = { outcome: 'regular', body } as const;
  const mended = { outcome: 'mended', body } as const;
  const refused = { outcome: 'refused', body, needsBody: true } as const;
  return [
    { ...regular, name: 'length', head: byLength },
    { ...regular, name: 'chunks', head: head(CHUNKED), body: inChunks },
    { ...regular, name: 'chunks with a trailer', head: head(CHUNKED), body: `${chunks(body)}X-T: ${id}\r\n\r\n` },
    { ...regular, name: 'HTTP/1.0', head: byLength.replace('1.1', '1.0') },
    { ...regular, name: 'HTTP/1.0, kept open', head: head(length, 'Connection: keep-alive').replace('1.1', '1.0') },
    { ...regular, name: 'until the end', head: head('X-A: b'), closes: true, needsBody: true },
    { ...regular, name: 'closing', head: head(length, 'Connection: close'), closes: true },
    { ...regular, name: 'behind an interim one', head: `HTTP/1.1 103 Early\r\nLink: ${id}\r\n\r\n${byLength}` },
    { ...regular, name: 'with a stray one behind it', head: byLength, behind: STRAY },
    { ...regular, name: 'chunks with a stray one behind them', head: head(CHUNKED), body: inChunks, behind: STRAY },
    { ...mended, name: 'LF', head: byLength.replaceAll('\r\n', '\n'), later: STRAY },
    { ...mended, name: 'some LF', head: byLength.replace('\r\n', '\n'), behind: STRAY },
    { ...mended, name: 'fold', head: byLength.replace('X-Id:', 'X-Id:\r\n '), later: STRAY },
    { ...mended, name: 'space before colon', head: byLength.replace('X-Id:', 'X-Id :') },
    { ...mended, name: 'no field', head: byLength.replace('X-Id', 'X-Id is: wrong\r\nX-Id'), later: STRAY },
    { ...mended, name: 'control bytes', head: head(length, 'X-A: \x01\x7f'), behind: STRAY },
    { ...mended, name: 'empty line', head: `\r\n${byLength}`, later: STRAY },
    { ...mended, name: 'a length twice', head: head(length, length), later: STRAY },
    { ...mended, name: 'a list of lengths', head: head(`${length}, ${body.length}`), behind: STRAY },
    { ...mended, name: 'length and chunks', head: head('Content-Length: 1', CHUNKED), body: inChunks, later: STRAY },
    { ...mended, name: 'chunked twice', head: head(CHUNKED, CHUNKED), body: inChunks, behind: STRAY },
    { ...mended, name: 'identity', head: head(length, 'Transfer-Encoding: identity'), later: STRAY },
    { ...mended, name: 'identity until the end', head: head('Transfer-Encoding: identity'), closes: true },
    { ...mended, name: 'chunks in HTTP/1.0', head: head(CHUNKED).replace('1.1', '1.0'), body: inChunks, later: STRAY },
    { ...mended, name: 'padded sizes', head: head(CHUNKED), body: `${chunks(body, '\r\n', '  ')}\r\n`, later: STRAY, needsBody: true },
    { ...mended, name: 'junk extensions', head: head(CHUNKED), body: `${chunks(body, '\r\n', ' ; {x}')}\r\n`, behind: STRAY, needsBody: true },
    { ...mended, name: 'LF in chunks', head: head(CHUNKED), body: `${chunks(body, '\n')}\n`, later: STRAY, needsBody: true },
    { ...mended, name: 'mended trailer', head: head(CHUNKED), body: `${chunks(body)}X-T : ${id}\nno field\n\n`, later: STRAY, needsBody: true },
    { ...mended, name: 'mended interim', head: `HTTP/1.1 103 Early\nLink : ${id}\n\n${byLength}`, later: STRAY },
    { ...mended, name: '204 with a body', head: byLength.replace('200 OK', '204 No Content'), later: STRAY, needsBody: true },
    { ...refused, name: 'different lengths', head: head(length, `Content-Length: ${body.length + 1}`), later: STRAY },
    { ...refused, name: 'gzip', head: head('Transfer-Encoding: gzip'), behind: STRAY },
    { ...refused, name: 'NUL', head: head(length, 'X-A: \0'), later: STRAY },
    { ...refused, name: 'CR CR LF', head: byLength.replace('\r\n', '\r\r\n'), behind: STRAY },
    { ...refused, name: 'a spaced length', head: byLength.replace('Length:', 'Length :') },
    { ...refused, name: 'no chunk size', head: head(CHUNKED), body: chunks(body).replace(/^[0-9a-f]+/, 'x'), later: STRAY },
    { ...refused, name: 'cut', head: head(`Content-Length: ${body.length + 1}`), closes: true },
    { ...refused, name: 'cut chunks', head: head(CHUNKED), body: chunks(body).slice(0, -3), closes: true },
  ]; // prettier-ignore
}
