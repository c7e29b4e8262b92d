import type { BodyFunction, BodyStream, FilterBody } from '@inband/core';

/** What makes a new body of the one that comes. */
export interface BodyChange {
  readonly make: BodyFunction | BodyStream;
  /** The error of whoever made it. */
  readonly errorOf: (error: unknown) => Error;
}

type Chunks = AsyncIterable<Uint8Array>;

/** Chunks of a new body after which others have their turn: what a function makes without waiting would keep all of them waiting until its end. */
const TURN = 16;

export function isWhole(body: FilterBody): body is string | Uint8Array {
  return typeof body === 'string' || body instanceof Uint8Array;
}

/** The bytes of a chunk, which may come from plain JavaScript. */
export function bytesOf(chunk: unknown): Buffer {
  if (typeof chunk === 'string') return Buffer.from(chunk);
  if (Buffer.isBuffer(chunk)) return chunk;
  if (chunk instanceof Uint8Array) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  throw new TypeError(`a body consists of text and bytes, found ${typeof chunk}`);
}

/** The body that the changes make of `input`, one after the other. */
export function through(changes: readonly BodyChange[], input: Chunks, signal: AbortSignal): AsyncIterable<Buffer> {
  let chunks: Chunks = input;
  for (const change of changes) chunks = changed(change, chunks, signal);
  return toBytes(chunks);
}

async function* toBytes(chunks: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield bytesOf(chunk);
}

async function* changed({ make, errorOf }: BodyChange, input: Chunks, signal: AbortSignal): AsyncGenerator<Buffer> {
  try {
    const output: unknown = typeof make === 'function' ? make(input, signal) : piped(make, input, signal);
    if (!isIterable(output)) throw new TypeError('a function of a body returns something that can be iterated');
    let made = 0;
    for await (const chunk of output) {
      yield bytesOf(chunk);
      made += 1;
      if (made % TURN === 0) await new Promise<void>((resolve) => void setImmediate(resolve));
    }
  } catch (error) {
    throw errorOf(error);
  }
}

function piped(stream: BodyStream, input: Chunks, signal: AbortSignal): AsyncIterable<unknown> {
  return ReadableStream.from(input).pipeThrough(stream, { signal });
}

function isIterable(value: unknown): value is AsyncIterable<unknown> | Iterable<unknown> {
  return typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}

/** All of `chunks` together. Throws `tooBig()` as soon as there are more bytes than `most`. */
export async function gathered(chunks: AsyncIterable<Buffer>, most: number, tooBig: () => Error): Promise<Buffer> {
  const all: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > most) throw tooBig();
    all.push(chunk);
  }
  return Buffer.concat(all);
}

export async function* only(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
