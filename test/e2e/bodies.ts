import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';

export const MiB = 2 ** 20;
const BLOCK = randomBytes(MiB + 4_099);

/** A body of `size` bytes that does not repeat within any window of the proxy's, in chunks of 64 KiB. */
export function* body(size: number): Generator<Buffer> {
  const chunk = 65_536;
  for (let at = 0; at < size; at += chunk) {
    const from = (at * 7) % (BLOCK.length - chunk);
    yield BLOCK.subarray(from, from + Math.min(chunk, size - at));
  }
}

export function bodyStream(size: number): Readable {
  return Readable.from(body(size), { objectMode: false });
}

export function hashOfBody(size: number): string {
  const hash = createHash('sha256');
  for (const chunk of body(size)) hash.update(chunk);
  return hash.digest('hex');
}

/** Reads all of it and gives its hash. */
export async function hashOf(bytes: AsyncIterable<Uint8Array | string>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of bytes) hash.update(chunk);
  return hash.digest('hex');
}

export async function textOf(bytes: AsyncIterable<Uint8Array | string>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of bytes) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}
