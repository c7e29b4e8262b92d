import type { Random } from './random.ts';

type Mutator = (text: string, random: Random, other: string) => string;

const LINE_ENDS = [
  '\n',
  '\r',
  '\r\r\n',
  '\n\r',
  '\r\n ',
  '\r\n\t',
  '\r\n\r\n',
  '\0\r\n',
  ' \r\n',
  '\x0b\r\n',
  '\x0c\r\n',
];
const BYTES = '\0\x01\t\n\v\f\r\x1b !"#$%&\'()*+,-./0159:;<=>?@AZ[\\]^_`az{|}~\x7f\x80\x85\xa0\xc2\xff'.split('');
const SPACES = [' ', '\t', '  ', ' \t', '\v', '\f', '\xa0', ''];
const METHODS = [
  'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'PATCH', 'get', 'Post', 'PROPFIND', 'QUERY', 'BREW', 'PRI',
  'G3T', 'GET_', 'GE T', 'X'.repeat(40), '', 'M-SEARCH', '"GET"', 'xGET',
]; // prettier-ignore
const TARGETS = [
  '/', '*', '/a b', '//evil.test/', '/..', '/%2e%2e/', '/a#b', '?q', 'http://origin.test:8080', 'http://origin.test:8080?q',
  'http://user@origin.test:8080/', 'http://other.test/', 'HTTP://origin.test:8080/x', 'https://origin.test:8080/', 'ws://origin.test:8080/',
  'ftp://origin.test/', '/\xff', '/[x]', '/%', '/%zz', '/a\\b', '/{x}', '/"', 'origin.test:8080', 'http:///x', 'http://:8080/', '/\x7f',
  'http://origin.test:/', 'http://origin.test:99999/', 'http://[::1]:8080/', '/a?b=[c]|d', "/'", '/;p=1', '/`', '/^',
]; // prettier-ignore
const VERSIONS = [
  'HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/1', 'HTTP/1.1.1', 'http/1.1', 'HTTP/01.1', 'HTTP/1.10', 'HTTP/11',
  'HTTP /1.1', 'ICAP/1.0', '', 'HTTP/1.1 x', 'HTTP/3.1',
]; // prettier-ignore
const FRAMING = [
  'Content-Length: 0', 'Content-Length: 5', 'Content-Length: +5', 'Content-Length: -1', 'Content-Length: 05', 'Content-Length: 0x5',
  'Content-Length: 5, 5', 'Content-Length: 5 5', 'Content-Length: 5;', 'Content-Length: ', 'Content-Length: 18446744073709551621',
  'Content-Length:5', 'content-length : 5', 'Content-Length\t: 5', 'Content_Length: 5', ' Content-Length: 5', 'Content-Length: 5\v',
  'Content-Length: 1e1', 'Content-Length: "5"', 'Content-Length: 5,6', 'Content-Length: ,5', 'Content-Length: 5.0',
  'Transfer-Encoding: chunked', 'Transfer-Encoding: Chunked', 'Transfer-Encoding: chunked, chunked', 'Transfer-Encoding: identity',
  'Transfer-Encoding: gzip, chunked', 'Transfer-Encoding: chunked, identity', 'Transfer-Encoding: xchunked', 'Transfer-Encoding: "chunked"',
  'Transfer-Encoding: chunked;x', 'Transfer-Encoding : chunked', 'Transfer-Encoding:\tchunked', 'Transfer-Encoding: \vchunked',
  'Transfer-Encoding: ', 'Transfer_Encoding: chunked', 'Transfer-Encoding:chunked\0', 'Transfer-Encoding: ,chunked', 'TE: trailers',
  'Trailer: Content-Length', 'Connection: close', 'Connection: Content-Length', 'Connection: Transfer-Encoding', 'Connection: keep-alive, x',
  'Expect: 100-continue', 'Expect: x', 'Upgrade: h2c', 'Upgrade: websocket', 'Max-Forwards: 0', 'Keep-Alive: 5', 'Proxy-Connection: close',
  'Content-Encoding: chunked', 'HTTP2-Settings: AAMAAABkAAQAAP__',
]; // prettier-ignore
const HOSTS = [
  'Host: origin.test:8080', 'Host: other.test', 'Host:', 'Host: a b', 'Host: origin.test:8080, other.test', 'Host: user@origin.test', 'hOST: x',
  'Host : origin.test', 'Host: origin.test:', 'Host: [::1]', 'Host: a/b', 'Host: \xff', 'X_Host: x', 'Host: -a', 'Host: a:b', 'Host: %41',
]; // prettier-ignore
const CHUNK_SIZES = [
  '0', '00', '5', '05', '+5', '-5', '0x5', '5 ', ' 5', '5\t', 'g', '', 'ffffffffffffffff5', '100000005', '5;', '5;a', '5;a=b', '5;a="b"', '5;a="b\\"',
  '5;a="\r\n', '5 ;a', '5; a = b', '5;\x01', '5;=', '5,', '5\0', 'A', 'a', '5\n', '5;\n', '5;;', '5;a=b;c', '5_', '5.',
]; // prettier-ignore
const TRAILERS = [
  'X: y\r\n',
  'Content-Length: 3\r\n',
  'Host: x\r\n',
  ' folded\r\n',
  'bad\r\n',
  'X : y\r\n',
  'X: y\n',
  ':\r\n',
  'Transfer-Encoding: chunked\r\n',
];

/** Applies one to three random changes, mostly one. `other`: a message that may follow in the same bytes. */
export function mutate(text: string, other: string, random: Random): string {
  let mutated = text;
  const changes = random.pick([1, 1, 1, 2, 2, 3]);
  for (let change = 0; change < changes; change += 1) mutated = random.pick(MUTATORS)(mutated, random, other);
  return mutated;
}

const insertByte: Mutator = (text, random) => {
  const at = random.below(text.length + 1);
  return text.slice(0, at) + random.pick(BYTES) + text.slice(at);
};

const replaceByte: Mutator = (text, random) => {
  const at = random.below(text.length + 1);
  return text.slice(0, at) + random.pick(BYTES) + text.slice(at + 1);
};

const flipBit: Mutator = (text, random) => {
  const at = random.below(Math.max(1, text.length));
  const flipped = (text.charCodeAt(at) || 0) ^ (1 << random.below(8));
  return text.slice(0, at) + String.fromCharCode(flipped) + text.slice(at + 1);
};

const deleteRange: Mutator = (text, random) => {
  const at = random.below(text.length + 1);
  return text.slice(0, at) + text.slice(at + 1 + (random.chance(0.5) ? 0 : random.below(12)));
};

const repeatRange: Mutator = (text, random) => {
  const at = random.below(text.length + 1);
  const end = at + 1 + random.below(16);
  return text.slice(0, end) + text.slice(at);
};

const truncate: Mutator = (text, random) => text.slice(0, random.below(text.length + 1));

const changeLineEnd: Mutator = (text, random) => replaceOne(text, /\r\n/g, random, () => random.pick(LINE_ENDS));

const changeAllLineEnds: Mutator = (text) => text.replaceAll('\r\n', '\n');

const changeSpace: Mutator = (text, random) => replaceOne(text, / /g, random, () => random.pick(SPACES));

const spaceAtColon: Mutator = (text, random) =>
  replaceOne(text, /:/g, random, () => `${random.pick(SPACES)}:${random.pick(SPACES)}`);

const changeMethod: Mutator = (text, random) => text.replace(/^\S*/, () => random.pick(METHODS));

const changeTarget: Mutator = (text, random) =>
  text.replace(/^(\S* )(\S*)/, (_, method: string) => method + random.pick(TARGETS));

const changeVersion: Mutator = (text, random) => text.replace(/ ?HTTP\/1\.[01]/, () => ` ${random.pick(VERSIONS)}`);

const addFraming: Mutator = (text, random) => addLine(text, random.pick(FRAMING), random);

const addHost: Mutator = (text, random) => addLine(text, random.pick(HOSTS), random);

const repeatLine: Mutator = (text, random) => {
  const lines = linesOf(text);
  const line = random.pick(lines.length > 1 ? lines.slice(1) : ['X: y']);
  return addLine(text, random.chance(0.3) ? swapCase(line) : line, random);
};

const dropLine: Mutator = (text, random) => {
  const line = random.pick(linesOf(text));
  return text.replace(`${line}\r\n`, () => '');
};

const fold: Mutator = (text, random) =>
  replaceOne(text, /: /g, random, () => random.pick([':\r\n ', ': \r\n\t', ':\n ']));

const changeChunkSize: Mutator = (text, random) =>
  replaceOne(text, /\r\n[0-9a-fA-F]+(?=\r\n)/g, random, () => `\r\n${random.pick(CHUNK_SIZES)}`);

const addTrailer: Mutator = (text, random) => text.replace(/0\r\n\r\n$/, () => `0\r\n${random.pick(TRAILERS)}\r\n`);

const makeChunked: Mutator = (text) => {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return text;
  const head = text.slice(0, end).replaceAll(/\r\n(?:content-length|transfer-encoding):[^\r]*/gi, '');
  return `${head.replace(/^GET/, 'POST')}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`;
};

const makeSized: Mutator = (text, random) => {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return text;
  const length = random.pick([4, 5, 5, 5, 6, 40]);
  return `${text.slice(0, end).replace(/^GET/, 'POST')}\r\nContent-Length: ${length}\r\n\r\nhello`;
};

const appendOther: Mutator = (text, _, other) => text + other;

const prepend: Mutator = (text, random) =>
  random.pick(['\r\n', '\n', '\r\n\r\n\r\n', ' ', '\0', '\xef\xbb\xbf', '\r', 'x']) + text;

const append: Mutator = (text, random) =>
  text + random.pick(['\r\n', '\n', 'x', '0\r\n\r\n', '\r\n0\r\n\r\n', ' ', '\0', 'GET / HTTP/1.1\r\n']);

const swapCaseOfLine: Mutator = (text, random) => {
  const line = random.pick(linesOf(text));
  return text.replace(line, () => swapCase(line));
};

/** Changes of framing stand more than once, because what they reach matters most. */
const MUTATORS: readonly [Mutator, ...Mutator[]] = [
  insertByte, insertByte, insertByte, replaceByte, replaceByte, flipBit, deleteRange, repeatRange, truncate, changeLineEnd, changeLineEnd,
  changeAllLineEnds, changeSpace, spaceAtColon, changeMethod, changeTarget, changeVersion, addFraming, addFraming, addFraming, addHost,
  repeatLine, dropLine, fold, changeChunkSize, changeChunkSize, addTrailer, makeChunked, makeSized, appendOther, prepend, append, swapCaseOfLine,
]; // prettier-ignore

/** The lines of the head, the first one included. */
function linesOf(text: string): string[] {
  const end = text.indexOf('\r\n\r\n');
  return text.slice(0, end < 0 ? undefined : end).split('\r\n');
}

/** Adds a line somewhere in the head, behind the first line. */
function addLine(text: string, line: string, random: Random): string {
  const lines = linesOf(text);
  const rest = text.slice(lines.join('\r\n').length);
  lines.splice(1 + random.below(lines.length), 0, line);
  return lines.join('\r\n') + (rest === '' ? '\r\n\r\n' : rest);
}

function replaceOne(text: string, pattern: RegExp, random: Random, replacement: () => string): string {
  const matches = [...text.matchAll(pattern)];
  if (matches.length === 0) return text;
  const { 0: found, index } = random.pick(matches);
  return text.slice(0, index) + replacement() + text.slice(index + found.length);
}

function swapCase(text: string): string {
  return text.replaceAll(/[A-Za-z]/g, (letter) => (letter < 'a' ? letter.toLowerCase() : letter.toUpperCase()));
}
