/** The first final answer that a client got, as an ordinary client understands it. Text is latin1. */
export interface ReadAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * Reads the first final answer in `heard`, all that came on a connection. Undefined when it is not whole. It decides only what peers made of
 * an answer, so it takes what they let pass: any name and value. Whether an answer from Inband has one meaning is for the parsers to say.
 */
export function firstAnswer(heard: Buffer, method: string): ReadAnswer | undefined {
  let rest = heard.toString('latin1');
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    const status = Number(/^HTTP\/1\.[01] ([0-9]{3})/.exec(rest)?.[1] ?? 0);
    if (end < 0 || status === 0) return undefined;
    const head = rest.slice(0, end + 2);
    rest = rest.slice(end + 4);
    if (status >= 200) {
      const body = bodyIn(rest, head, status, method);
      return body === undefined ? undefined : { status, body };
    }
  }
}

function bodyIn(rest: string, head: string, status: number, method: string): string | undefined {
  if (method === 'HEAD' || status === 204 || status === 304) return '';
  if (/\r\ntransfer-encoding:[ \t]*chunked[ \t]*\r\n/i.test(head)) return chunksIn(rest);
  const length = /\r\ncontent-length:[ \t]*([0-9]+)[ \t]*\r\n/i.exec(head)?.[1];
  if (length === undefined) return rest;
  return rest.length < Number(length) ? undefined : rest.slice(0, Number(length));
}

function chunksIn(text: string): string | undefined {
  let body = '';
  for (let at = 0; ;) {
    const end = text.indexOf('\r\n', at);
    const size = Number.parseInt(text.slice(at, end), 16);
    if (end < 0 || Number.isNaN(size) || end + 2 + size + 2 > text.length) return undefined;
    if (size === 0) return body;
    body += text.slice(end + 2, end + 2 + size);
    at = end + 2 + size + 2;
  }
}
