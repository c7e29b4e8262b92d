import { HOST, type Input } from './inputs/input.ts';

/** Something with which Inband is more lenient than every peer, on purpose. */
interface Leniency {
  readonly name: string;
  /** Why it is right so. */
  readonly reason: string;
  /** Sent in every run: an entry that it does not need any more is to be removed. */
  readonly example: Pick<Input, 'mode' | 'text' | 'answer'>;
}

/** In requests. */
interface RequestLeniency extends Leniency {
  /** The request without what the entry is about; the same where there is none of it. Then the finding must be gone. */
  readonly without: (text: string) => string;
}

export const REQUEST_LENIENCIES: readonly RequestLeniency[] = [
  {
    name: 'options-asterisk',
    reason:
      'RFC 9112 section 3.2.4: OPTIONS for a URL without path and query is sent to the origin as "*". The peers ask for "/", which is another question.',
    example: { mode: 'forward', text: `OPTIONS http://${HOST} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n` },
    without: (text) => text.replaceAll(/^(OPTIONS [a-z]+:\/\/[^/? \r\n]+)(?= HTTP)/gim, '$1/'),
  },
  {
    name: 'empty-port',
    reason:
      'RFC 9110 section 4.2.3: an empty port is the default one. The colon is not sent on, so whoever is behind reads the same host. The peers refuse it in part, and for other hosts than in the Host field.',
    example: { mode: 'forward', text: `GET http://origin.test:/ HTTP/1.1\r\nHost: ${HOST}\r\n\r\n` },
    without: (text) => text.replaceAll(/^(\S+ [a-z]+:\/\/[^/?: \r\n]+):(?=[/? ])/gim, '$1'),
  },
  {
    name: 'empty-host',
    reason:
      'RFC 9112 section 3.2: the Host field is empty where the client has no authority to name, and section 3.2.2: beside a URL it is ignored. The server gets a Host field from the URL, or the address that the client reached.',
    example: { mode: 'forward', text: `GET http://origin.test:/ HTTP/1.1\r\nHost:\r\n\r\n` },
    without: (text) => text.replaceAll(/^(host:)[ \t]*(?=\r?$)/gim, `$1 ${HOST}`),
  },
  {
    name: 'method-case',
    reason:
      'RFC 9110 section 9.1: methods are case-sensitive tokens, so "get" is a method of its own, and passes as it is. nginx and others refuse it; Squid makes GET of it, which is another method.',
    example: { mode: 'reverse', text: `gET /\xff HTTP/1.1\r\nHost: ${HOST}\r\n\r\n` },
    without: (text) => text.replaceAll(/^([A-Za-z]+)(?= \S+ HTTP\/1\.)/gm, (method) => method.toUpperCase()),
  },
];

const CHUNKED = 'HTTP/1.1 200 OK\r\nDate: d\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n';

function answered(answer: string): Leniency['example'] {
  return { mode: 'forward', text: `GET http://${HOST}/ HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, answer };
}

/** In answers: a repair, by its name in the log. When the origin sends what Inband made of the answer, the finding must be gone. */
export const ANSWER_LENIENCIES: readonly Leniency[] = [
  {
    name: 'dropped-line',
    reason:
      'A line that is no field costs a page elsewhere, and browsers skip it. It is not sent on, so that no client can read it in another way. One that may have been meant to delimit the body is 502.',
    example: answered('HTTP/1.1 200 OK\r\nE\x1bTag: "a"\r\nContent-Length: 2\r\n\r\nok'),
  },
  {
    name: 'line-end',
    reason: 'RFC 9112 section 2.2 lets a recipient take a lone LF. It is sent on as CRLF.',
    example: answered('HTTP/1.1 200 OK\nE\x1bTag: "a"\nContent-Length: 2\n\nok'),
  },
  {
    name: 'empty-line',
    reason:
      'RFC 9112 section 2.2 has it for requests; servers of devices do it. Before a status line it cannot be part of another answer, since no connection is used again after a repair.',
    example: answered('\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nok'),
  },
  {
    name: 'identity',
    reason: 'RFC 2616 had this coding, which does nothing. It is not sent on.',
    example: answered('\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nok'),
  },
  {
    name: 'framing-without-body',
    reason:
      'Where the status or the method says that there is no body, its framing says nothing (RFC 9112 section 6.3). It is not sent on.',
    example: answered('HTTP/1.1 304 Not Modified\r\nE\x1bTag: "a"\r\nContent-Length: 0x5\r\n\r\n'),
  },
  {
    name: 'control-byte',
    reason:
      'RFC 9110 section 5.5 lets a recipient put a space in its place. The peers pass it on as it is, or refuse it.',
    example: answered('HTTP/1.1 200 OK\r\nX-A: a\vb\r\n:\r\nContent-Length: 2\r\n\r\nok'),
  },
  {
    name: 'space-before-colon',
    reason: 'RFC 9112 section 5.1: a proxy removes it from an answer. Fields that delimit the body may not have it.',
    example: answered('HTTP/1.1 200 OK\r\nX : y\r\nX\xe9: y\r\nContent-Length: 2\r\n\r\nok'),
  },
  {
    name: 'length-beside-chunked',
    reason: 'RFC 9112 section 6.3: the chunks decide. The length is not sent on, and the connection not used again.',
    example: answered(CHUNKED.replace('Date', 'E\x1bTag: "a"\r\nContent-Length: 30\r\nDate')),
  },
  {
    name: 'repeated-chunked',
    reason: 'RFC 9112 section 7 forbids it, and everybody who has chunked once means that. They are undone once.',
    example: answered(CHUNKED.replace('Date', 'E\x1bTag: "a"\r\nTransfer-Encoding: chunked\r\nDate')),
  },
  {
    name: 'chunk-line',
    reason: 'Servers pad chunk sizes with blanks. The content is sent on in chunks of our own.',
    example: answered(`${CHUNKED.slice(0, CHUNKED.indexOf('\r\n\r\n'))}\r\n\r\n2\r\nok\r\n\t0\r\n\r\n`),
  },
];

export const LENIENCIES: readonly Leniency[] = [...REQUEST_LENIENCIES, ...ANSWER_LENIENCIES];

export function examples(): Input[] {
  return LENIENCIES.map(({ name, example }) => ({ name: `example of ${name}`, cuts: [], ...example }));
}
