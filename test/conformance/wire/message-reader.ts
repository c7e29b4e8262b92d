/** One HTTP message as the far end of a connection saw it. */
export interface Message {
  readonly startLine: string;
  /** Names in lower case. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Content without its framing, latin1. */
  body: string;
  /** Trailer lines, as they came. */
  trailer: string;
  complete: boolean;
  /** Of a response. */
  readonly status: number;
  /** Of a request. */
  readonly method: string;
  readonly target: string;
}

type State =
  | { readonly at: 'head' }
  | { readonly at: 'length'; left: number }
  | { readonly at: 'chunk-size' }
  | { readonly at: 'chunk-data'; left: number }
  | { readonly at: 'trailer' }
  | { readonly at: 'until-end' }
  | { readonly at: 'raw' };

const HEAD_END = Buffer.from('\r\n\r\n');
const CRLF = Buffer.from('\r\n');
const STATUS_LINE = /^HTTP\/1\.[01] ([1-9][0-9]{2}) [^\r\n\0]*$/;
const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([!-~\x80-\xff]+) HTTP\/1\.1$/;
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\0\r\n]*?)[ \t]*$/;

/**
 * Reads HTTP/1 messages off a connection, for the origin and for the client of this suite. It shares nothing with the
 * proxy's parser on purpose, and it is strict: what the proxy sends must have one meaning, else `problem` says why not.
 */
export class MessageReader {
  readonly messages: Message[] = [];
  /** Final responses, or requests, that are there from beginning to end. */
  readonly complete: Message[] = [];
  /** What is wrong with what was read; nothing after it is looked at. */
  problem: string | undefined = undefined;
  readonly #kind: 'request' | 'response';
  /** Method of the request that the next final response answers. */
  readonly #methods: readonly string[];
  #state: State = { at: 'head' };
  #bytes: Buffer = Buffer.alloc(0);
  #body: string[] = [];

  /** `methods`: for responses, those of the requests that they answer, in order. */
  constructor(kind: 'request' | 'response', methods: readonly string[] = []) {
    this.#kind = kind;
    this.#methods = methods;
  }

  /** Takes over `bytes`. */
  push(bytes: Buffer): void {
    if (this.problem !== undefined || this.#state.at === 'raw') return;
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
    while (this.problem === undefined && this.#step());
  }

  /** The sender finished. */
  end(): void {
    if (this.#state.at === 'until-end') this.#finishMessage();
  }

  #step(): boolean {
    const state = this.#state;
    switch (state.at) {
      case 'head':
        return this.#readHead();
      case 'length':
        state.left -= this.#takeBody(state.left);
        if (state.left > 0) return false;
        this.#finishMessage();
        return true;
      case 'chunk-size':
        return this.#readChunkSize();
      case 'chunk-data':
        return this.#readChunk(state);
      case 'trailer':
        return this.#readTrailer();
      case 'until-end':
        this.#takeBody(this.#bytes.length);
        return false;
      case 'raw':
        return false;
    }
  }

  #readHead(): boolean {
    if (this.#bytes.length === 0) return false;
    const end = this.#bytes.indexOf(HEAD_END);
    if (end < 0) return false;
    const lines = this.#take(end + 4)
      .slice(0, -4)
      .split('\r\n');
    const startLine = lines[0]!;
    const parsed = (this.#kind === 'request' ? REQUEST_LINE : STATUS_LINE).exec(startLine);
    const fields = lines.slice(1).map((line) => FIELD.exec(line));
    const bad = fields.indexOf(null);
    if (parsed === null || bad >= 0) {
      this.problem = `cannot be read: ${JSON.stringify(parsed === null ? startLine : lines[bad + 1])}`;
      return false;
    }
    const isRequest = this.#kind === 'request';
    this.messages.push({
      startLine,
      fields: fields.map((field) => [field![1]!.toLowerCase(), field![2]!]),
      body: '',
      trailer: '',
      complete: false,
      status: isRequest ? 0 : Number(parsed[1]),
      method: isRequest ? parsed[1]! : '',
      target: isRequest ? parsed[2]! : '',
    });
    this.#body = [];
    this.#state = this.#framing();
    if (this.#state.at === 'head' || this.#state.at === 'raw') this.#finishMessage(this.#state);
    return true;
  }

  #framing(): State {
    const { fields, status } = this.messages.at(-1)!;
    const codings = fields.filter(([name]) => name === 'transfer-encoding').map(([, value]) => value.toLowerCase());
    const lengths = fields.filter(([name]) => name === 'content-length').map(([, value]) => value);
    const hosts = fields.filter(([name]) => name === 'host');
    if (this.#kind === 'request' && hosts.length !== 1) this.problem = `${hosts.length} Host fields`;
    if (codings.length + lengths.length > 1) this.problem = 'more than one framing field';
    if (codings.length > 0 && codings[0] !== 'chunked') this.problem = `transfer coding ${codings[0]}`;
    if (lengths.length > 0 && !/^(?:0|[1-9][0-9]*)$/.test(lengths[0]!)) this.problem = `length ${lengths[0]}`;
    if (this.#kind === 'response') {
      if (status === 101) return { at: 'raw' };
      if (status < 200) return { at: 'head' };
      const method = this.#methods[this.complete.length] ?? 'GET';
      if (method === 'CONNECT' && status < 300) return { at: 'raw' };
      if (method === 'HEAD' || status === 204 || status === 304) return { at: 'head' };
    }
    if (codings.length > 0) return { at: 'chunk-size' };
    if (lengths.length > 0) return lengths[0] === '0' ? { at: 'head' } : { at: 'length', left: Number(lengths[0]) };
    return this.#kind === 'request' ? { at: 'head' } : { at: 'until-end' };
  }

  #readChunkSize(): boolean {
    const end = this.#bytes.indexOf(CRLF);
    if (end < 0) return false;
    const line = this.#take(end + 2).slice(0, -2);
    if (!/^[0-9A-Fa-f]{1,8}$/.test(line)) {
      this.problem = `chunk size ${JSON.stringify(line)}`;
      return false;
    }
    const size = Number.parseInt(line, 16);
    this.#state = size === 0 ? { at: 'trailer' } : { at: 'chunk-data', left: size };
    return true;
  }

  #readChunk(state: { left: number }): boolean {
    state.left -= this.#takeBody(state.left);
    if (state.left > 0 || this.#bytes.length < 2) return false;
    if (this.#take(2) !== '\r\n') this.problem = 'a chunk is not followed by CRLF';
    this.#state = { at: 'chunk-size' };
    return true;
  }

  #readTrailer(): boolean {
    const end = this.#bytes.indexOf(CRLF);
    if (end < 0) return false;
    const line = this.#take(end + 2).slice(0, -2);
    if (line === '') this.#finishMessage();
    else this.messages.at(-1)!.trailer += `${line}\r\n`;
    if (line !== '' && !FIELD.test(line)) this.problem = `trailer line ${JSON.stringify(line)}`;
    return true;
  }

  #take(count: number): string {
    const text = this.#bytes.toString('latin1', 0, count);
    this.#bytes = this.#bytes.subarray(count);
    return text;
  }

  #takeBody(most: number): number {
    const count = Math.min(most, this.#bytes.length);
    if (count > 0) this.#body.push(this.#take(count));
    return count;
  }

  #finishMessage(next: State = { at: 'head' }): void {
    const message = this.messages.at(-1)!;
    message.body = this.#body.join('');
    message.complete = true;
    if (!isInterim(message)) this.complete.push(message);
    this.#state = next;
  }
}

function isInterim({ status }: Message): boolean {
  return status >= 100 && status < 200 && status !== 101;
}

/** The value of the first field of that name. */
export function fieldOf(message: Message, name: string): string | undefined {
  return message.fields.find(([candidate]) => candidate === name)?.[1];
}
