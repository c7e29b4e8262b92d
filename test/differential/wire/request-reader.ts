/** One request as an ordinary server understands it. Text is latin1. */
export interface ReadRequest {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  /** Names in lower case. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Content without its framing. */
  body: string;
  complete: boolean;
}

type State =
  | { readonly at: 'head' }
  | { readonly at: 'body'; left: number }
  | { readonly at: 'chunk-size' }
  | { readonly at: 'chunk'; left: number }
  | { readonly at: 'trailer' }
  | { readonly at: 'malformed' };

/**
 * Reads the requests that proxies send on. It decides only when an answer is due and what peers understood, so it takes what an ordinary
 * server does: any version, extensions of chunks, trailers. Whether a message of Inband has one meaning is for the parsers to say.
 */
export class RequestReader {
  readonly requests: ReadRequest[] = [];
  #state: State = { at: 'head' };
  #text = '';

  get isMalformed(): boolean {
    return this.#state.at === 'malformed';
  }

  push(text: string): void {
    this.#text += text;
    while (this.#step());
  }

  #step(): boolean {
    const state = this.#state;
    switch (state.at) {
      case 'head':
        return this.#readHead();
      case 'body':
        if (!this.#takeBody(state)) return false;
        return this.#finish();
      case 'chunk-size':
        return this.#readChunkSize();
      case 'chunk':
        if (!this.#takeBody(state)) return false;
        this.#state = { at: 'chunk-size' };
        return true;
      case 'trailer':
        return this.#readTrailer();
      case 'malformed':
        return false;
    }
  }

  #readHead(): boolean {
    const end = this.#text.indexOf('\r\n\r\n');
    if (end < 0) return false;
    const [startLine = '', ...lines] = this.#text.slice(0, end).split('\r\n');
    this.#text = this.#text.slice(end + 4);
    const parts = /^(\S+) (.+) (HTTP\/\d\.\d)$/.exec(startLine);
    if (parts === null) return this.#fail();
    const [, method = '', target = '', version = ''] = parts;
    const fields = lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase().trim(), line.slice(colon + 1).trim()];
    });
    this.requests.push({ method, target, version, fields, body: '', complete: false });
    const valueOf = (name: string): string | undefined => fields.find(([candidate]) => candidate === name)?.[1];
    const length = Number(valueOf('content-length') ?? 0);
    if (valueOf('transfer-encoding') !== undefined) this.#state = { at: 'chunk-size' };
    else if (!Number.isSafeInteger(length) || length < 0) return this.#fail();
    else this.#state = { at: 'body', left: length };
    return true;
  }

  #readChunkSize(): boolean {
    if (this.#text.startsWith('\r\n')) this.#text = this.#text.slice(2);
    const end = this.#text.indexOf('\r\n');
    if (end < 0) return false;
    const size = /^[0-9A-Fa-f]+/.exec(this.#text)?.[0];
    this.#text = this.#text.slice(end + 2);
    if (size === undefined) return this.#fail();
    const left = Number.parseInt(size, 16);
    this.#state = left === 0 ? { at: 'trailer' } : { at: 'chunk', left };
    return true;
  }

  #readTrailer(): boolean {
    const end = this.#text.indexOf('\r\n');
    if (end < 0) return false;
    this.#text = this.#text.slice(end + 2);
    return end === 0 ? this.#finish() : true;
  }

  /** Whether the piece is there to its end. */
  #takeBody(state: { left: number }): boolean {
    const request = this.requests.at(-1);
    const taken = this.#text.slice(0, state.left);
    if (request !== undefined) request.body += taken;
    this.#text = this.#text.slice(taken.length);
    state.left -= taken.length;
    return state.left === 0;
  }

  #finish(): boolean {
    const request = this.requests.at(-1);
    if (request !== undefined) request.complete = true;
    this.#state = { at: 'head' };
    return this.#text !== '';
  }

  #fail(): boolean {
    this.#state = { at: 'malformed' };
    return false;
  }
}
