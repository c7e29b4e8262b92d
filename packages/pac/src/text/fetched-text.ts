import { isIP, type LookupFunction } from 'node:net';
import { callbackify } from 'node:util';
import type * as undici from 'undici';
import type { Dispatcher } from 'undici';
import { MOST_TEXT } from '../base/limits.ts';
import type { PacLog } from './log.ts';

/** Milliseconds for one request, from dialling to the last byte of the answer. */
const LONGEST_FETCH = 10_000;
/** Milliseconds until a fetch that failed is tried again; then twice as long, up to `refresh`. */
const FIRST_RETRY = 1_000;

export interface FetchOptions {
  readonly url: string;
  /** Milliseconds between two fetches. */
  readonly refresh: number;
  readonly log: PacLog;
  /** The addresses of a name. */
  readonly resolve: (name: string) => Promise<readonly string[]>;
  /** Instead of sockets. */
  readonly dispatcher?: Dispatcher | undefined;
}

/**
 * Fetches a text over HTTP, again and again, and asks only for what has changed (`If-None-Match`, `If-Modified-Since`). Redirects are not followed, so that the
 * text comes from where the configuration says. It does not keep the process running.
 */
export class FetchedText {
  readonly #options: FetchOptions;
  /** Undefined until the first fetch. */
  #dispatcher: Dispatcher | undefined;
  readonly #changed: (text: string) => Promise<void>;
  readonly #ending = new AbortController();
  #text: string | undefined = undefined;
  #validators: Record<string, string> = {};
  #failures = 0;
  #timer: NodeJS.Timeout | undefined = undefined;
  /** Why the last fetch failed. */
  failure: string | undefined = undefined;
  /** Resolves when the first fetch has ended, however. */
  readonly first: Promise<void>;

  /** `changed` gets each text that differs from the one before. It never rejects. */
  constructor(options: FetchOptions, changed: (text: string) => Promise<void>) {
    this.#options = options;
    this.#changed = changed;
    this.#dispatcher = options.dispatcher;
    this.first = this.#run();
  }

  close(): void {
    this.#ending.abort();
    clearTimeout(this.#timer);
    if (this.#options.dispatcher === undefined) void this.#dispatcher?.destroy();
  }

  async #run(): Promise<void> {
    const { url, refresh, log } = this.#options;
    try {
      const text = await this.#fetch();
      if (this.failure !== undefined) log.info({ url }, 'the PAC file is fetched again');
      this.failure = undefined;
      this.#failures = 0;
      if (text !== undefined && text !== this.#text) {
        this.#text = text;
        await this.#changed(text);
      }
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      const reason = reasonOf(error);
      if (this.failure !== reason) log.warn({ url, reason }, 'the PAC file cannot be fetched');
      this.failure = reason;
      this.#failures += 1;
    }
    if (this.#ending.signal.aborted) return;
    const wait = this.#failures === 0 ? refresh : Math.min(refresh, FIRST_RETRY * 2 ** (this.#failures - 1));
    this.#timer = setTimeout(() => void this.#run(), wait).unref();
  }

  /** Undefined if it is the same as before. */
  async #fetch(): Promise<string | undefined> {
    // Loaded where a URL is configured, because a file needs nothing of it.
    const module = await import('undici');
    this.#ending.signal.throwIfAborted();
    this.#dispatcher ??= agentOf(module, this.#options.resolve);
    const { statusCode, headers, body } = await module.request(this.#options.url, {
      headers: { accept: 'application/x-ns-proxy-autoconfig, */*;q=0.5', ...this.#validators },
      dispatcher: this.#dispatcher,
      signal: AbortSignal.any([this.#ending.signal, AbortSignal.timeout(LONGEST_FETCH)]),
    });
    if (statusCode !== 200) {
      await body.dump();
      if (statusCode === 304) return undefined;
      const to = [headers.location].flat()[0];
      throw new Error(`the server answered ${statusCode}${to === undefined ? '' : ` and names ${to}`}`);
    }
    const text = await textOf(body);
    this.#validators = {};
    const [etag, modified] = [[headers.etag].flat()[0], [headers['last-modified']].flat()[0]];
    if (etag !== undefined) this.#validators['if-none-match'] = etag;
    else if (modified !== undefined) this.#validators['if-modified-since'] = modified;
    return text;
  }
}

/** Resolves names as everything else here does. */
function agentOf({ Agent }: typeof undici, resolve: FetchOptions['resolve']): Dispatcher {
  const lookup = callbackify(async (name: string) => {
    const addresses = await resolve(name);
    if (addresses.length === 0) throw new Error(`${name} has no address`);
    return addresses.map((address) => ({ address, family: isIP(address) }));
  });
  // With this option all addresses are asked for.
  const connect = { timeout: LONGEST_FETCH, autoSelectFamily: true };
  const find: LookupFunction = (name, _options, done) => lookup(name, done);
  return new Agent({ connect: { ...connect, lookup: find }, connections: 1 });
}

async function textOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- no encoding is set, so a chunk is a Buffer
  for await (const bytes of body as AsyncIterable<Buffer>) {
    size += bytes.length;
    if (size > MOST_TEXT) throw new Error(`it is longer than ${MOST_TEXT >> 20} MiB`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString();
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${LONGEST_FETCH / 1_000} s`;
  return error.message === '' ? error.name : error.message;
}
