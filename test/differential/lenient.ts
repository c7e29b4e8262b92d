import { HOST, type Input } from './inputs/input.ts';

/** A kind of request with which Inband is more lenient than every peer, on purpose. */
export interface Leniency {
  readonly name: string;
  /** Why it is right so. */
  readonly reason: string;
  /** Sent in every run: an entry that it does not need any more is to be removed. */
  readonly example: Pick<Input, 'mode' | 'text'>;
  /** The input without what the entry is about; the same text where there is none of it. Then the finding must be gone. */
  readonly without: (text: string) => string;
}

export const LENIENCIES: readonly Leniency[] = [
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

export function examples(): Input[] {
  return LENIENCIES.map(({ name, example }) => ({ name: `example of ${name}`, cuts: [], ...example }));
}

/** The names of the entries that an input may need, and the input without what they are about. */
export function withoutLeniencies(input: Input): { readonly needed: readonly string[]; readonly input: Input } {
  let { text } = input;
  const needed: string[] = [];
  for (const { name, without } of LENIENCIES) {
    const less = without(text);
    if (less !== text) needed.push(name);
    text = less;
  }
  return { needed, input: { ...input, name: `${input.name} without ${needed.join(', ')}`, text, cuts: [] } };
}
