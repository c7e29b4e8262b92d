import { Agent, type Dispatcher, request } from 'undici';
import { AcmeError, closedError } from '../base/acme-error.ts';
import type { Answer, Ask, Question } from './ask.ts';

/** Milliseconds for one request, from dialling to the last byte of the answer. */
const TIMEOUT = 30_000;
/** Bytes of an answer. The longest are certificate chains, of some 10 KiB. */
const MOST_BYTES = 1 << 20;

/** How the CA is reached. */
export interface AskOptions {
  /** Authorities to trust for the CA's own server, as PEM, in place of those of Node. */
  readonly ca?: string | undefined;
  /** Instead of sockets. */
  readonly dispatcher?: Dispatcher | undefined;
  /** RFC 8555 section 6.1 wants it. */
  readonly userAgent: string;
}

/** Asks over HTTPS. Redirects are not followed: a signed request is for one URL. `close` ends idle connections. */
export function undiciAsk(options: AskOptions): { readonly ask: Ask; close(): Promise<void> } {
  const dispatcher = options.dispatcher ?? agentOf(options.ca);
  return {
    ask: (question) => askOnce(question, dispatcher, options.userAgent),
    close: () => dispatcher.destroy(),
  };
}

function agentOf(ca: string | undefined): Agent {
  return new Agent({
    connect: { timeout: 10_000, ...(ca === undefined ? {} : { ca }) },
    headersTimeout: TIMEOUT,
    bodyTimeout: TIMEOUT,
    connections: 8,
  });
}

async function askOnce(question: Question, dispatcher: Dispatcher, userAgent: string): Promise<Answer> {
  const { method, url, body, signal } = question;
  const headers: Record<string, string> = { 'user-agent': userAgent };
  if (body !== undefined) headers['content-type'] = 'application/jose+json';
  try {
    const answer = await request(url, {
      method,
      headers,
      dispatcher,
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]),
      ...(body === undefined ? {} : { body }),
    });
    const text = await textOf(answer.body);
    return { status: answer.statusCode, field: (name) => fieldOf(answer.headers[name]), text };
  } catch (error) {
    if (signal.aborted) throw closedError();
    if (error instanceof AcmeError) throw error;
    throw new AcmeError('unreachable', `${new URL(url).host} cannot be asked: ${reasonOf(error)}.`, { cause: error });
  }
}

async function textOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- no encoding is set, so a chunk is a Buffer
  for await (const bytes of body as AsyncIterable<Buffer>) {
    size += bytes.length;
    if (size > MOST_BYTES) throw new AcmeError('unexpected', 'The CA sent an answer of more than 1 MiB.');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString();
}

function fieldOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${String(TIMEOUT / 1000)} s`;
  return error.message === '' ? error.name : error.message;
}
