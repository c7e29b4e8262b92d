import type * as undici from 'undici';
import type { Dispatcher } from 'undici';

/** What is asked. */
export interface Question {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes of the longest answer. */
  readonly mostBytes: number;
}

export interface Answer {
  readonly status: number;
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

export interface AskerOptions {
  /** Milliseconds for one question, from dialling to the last byte of the answer. */
  readonly timeout: number;
  /** The most connections to one server. */
  readonly connections: number;
}

/**
 * Asks servers of the operator by HTTP (docs/adr/0033-authenticators-ask-by-themselves.md). Redirects are not followed. The library is loaded
 * with the first question. Rejects with an `Error` whose message holds nothing of what was asked but the host.
 */
export class Asker {
  readonly #options: AskerOptions;
  readonly #ending = new AbortController();
  #dispatcher: Dispatcher | undefined = undefined;

  constructor(options: AskerOptions) {
    this.#options = options;
  }

  async ask({ url, headers, mostBytes }: Question): Promise<Answer> {
    const { timeout } = this.#options;
    try {
      const module = await import('undici');
      this.#ending.signal.throwIfAborted();
      this.#dispatcher ??= agentOf(module, this.#options);
      const signal = AbortSignal.any([this.#ending.signal, AbortSignal.timeout(timeout)]);
      const answer = await module.request(url, { headers, dispatcher: this.#dispatcher, signal });
      return { status: answer.statusCode, headers: answer.headers, text: await textOf(answer.body, mostBytes) };
    } catch (error) {
      throw new Error(`${new URL(url).host} cannot be asked: ${reasonOf(error, timeout)}`, { cause: error });
    }
  }

  /** Questions that run are given up. */
  close(): void {
    this.#ending.abort(new Error('it is not asked any more'));
    void this.#dispatcher?.destroy();
  }
}

function agentOf({ Agent }: typeof undici, { timeout, connections }: AskerOptions): Dispatcher {
  return new Agent({ connect: { timeout }, headersTimeout: timeout, bodyTimeout: timeout, connections });
}

async function textOf(body: Dispatcher.ResponseData['body'], mostBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- no encoding is set, so a chunk is a Buffer
  for await (const bytes of body as AsyncIterable<Buffer>) {
    size += bytes.length;
    if (size > mostBytes) throw new Error(`its answer has more than ${mostBytes} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString();
}

function reasonOf(error: unknown, timeout: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${timeout} ms`;
  return error.message === '' ? error.name : error.message;
}
