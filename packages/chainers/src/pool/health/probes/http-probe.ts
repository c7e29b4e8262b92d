import type { Duplex } from 'node:stream';
import { duplexFromConnection, ProxyError, type ServerConnection } from '@inband/core';
import { Client, type Dispatcher, errors } from 'undici';
import { type Expectation, formatStatuses, isExpected } from './expectation.ts';
import type { Ask } from './probe.ts';

/** What is asked, and what is expected. */
export interface HttpQuestion {
  readonly method: 'GET' | 'HEAD' | 'OPTIONS';
  readonly path: string;
  /** The Host field. */
  readonly host: string;
  readonly expect: Expectation;
}

/** Bytes of a body in which a text is looked for. */
const MOST_BYTES = 64 * 1024;

/** Asks by undici, over a connection of ours. */
export function httpAsk(question: HttpQuestion): Ask {
  return async (server, signal) => {
    const stream = duplexFromConnection(server.connection);
    // An error that comes after the answer is nobody's.
    stream.on('error', ignore);
    const client = clientOver(stream);
    try {
      return await judge(question, await asked(client, question, signal));
    } catch (error) {
      return failureOf(error, question);
    } finally {
      // The owner of the connection closes it, and then the stream would wait for an event that does not come.
      stream.destroy();
      await client.destroy();
    }
  };
}

/** It has this connection only, and cannot make another one. */
function clientOver(stream: Duplex): Client {
  let isTaken = false;
  return new Client('http://server.invalid', {
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: (_, done) => {
      const isFirst = !isTaken;
      isTaken = true;
      // undici does not expect the answer from within its call.
      queueMicrotask(() => {
        if (!isFirst) return done(new Error('There is one connection only.'), null);
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- undici uses nothing of a socket that a stream does not have
        done(null, stream as Parameters<typeof done>[1] & object);
      });
    },
  });
}

function asked(client: Client, question: HttpQuestion, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
  const { method, path, host } = question;
  return client.request({ method, path, headers: { host, 'user-agent': 'inband' }, reset: true, signal });
}

async function judge(question: HttpQuestion, answer: Dispatcher.ResponseData): Promise<string | undefined> {
  const { expect } = question;
  const { statusCode, body } = answer;
  body.on('error', ignore);
  if (!isExpected(expect, statusCode)) {
    return `It answered ${statusCode} to ${question.method} ${question.path}, not ${formatStatuses(expect)}.`;
  }
  if (expect.body === undefined || (await contains(body, expect.body))) return undefined;
  return `Its answer to ${question.method} ${question.path} does not contain the expected text.`;
}

async function contains(body: AsyncIterable<unknown>, text: string): Promise<boolean> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    if (!Buffer.isBuffer(chunk)) continue;
    chunks.push(chunk);
    size += chunk.length;
    if (size >= MOST_BYTES) break;
  }
  return Buffer.concat(chunks).includes(text);
}

function failureOf(error: unknown, { method, path }: HttpQuestion): string {
  if (error instanceof ProxyError) return error.message;
  if (error instanceof errors.SocketError) {
    return `It closed the connection before its answer to ${method} ${path} was complete.`;
  }
  const reason = error instanceof Error ? error.message : String(error);
  return `Its answer to ${method} ${path} is no good HTTP/1: ${reason}.`;
}

function ignore(): void {}

/** The Host field for a server. */
export function hostField({ remote }: Pick<ServerConnection, 'remote'>, name: string): string {
  if (remote.family === 'unix') return 'localhost';
  const host = name.includes(':') ? `[${name}]` : name;
  return remote.port === 80 || remote.port === 443 ? host : `${host}:${remote.port}`;
}
