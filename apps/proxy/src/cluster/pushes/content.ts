import { ProxyError } from '@inband/core';
import { MOST_VALUE_BYTES } from '@inband/store';
import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import { type Content, parseFiles, type VersionFiles } from './records.ts';

/** Bytes of all files together, as JSON. */
export const MOST_FILES_BYTES = 8 * 1024 * 1024;
/** Bytes of the content as it is stored, with what stands around it. */
const MOST_DATA_BYTES = MOST_VALUE_BYTES - 200;

const deflated = promisify(deflateRaw);
const inflated = promisify(inflateRaw);

/** A content cannot be pushed, or not be used. The message is for the operator. */
export class ContentProblem extends ProxyError {
  constructor(message: string) {
    super('proxy_configuration_error', message);
  }
}

/** Files as they are stored. Rejects with a {@link ContentProblem} if they are too large. Works in a thread of Node's pool. */
export async function pack({ main, texts, folders }: VersionFiles): Promise<Content> {
  // In an order of its own, so that the same files have the same id.
  const text = JSON.stringify({ main, texts: sorted(texts), folders: sorted(folders) });
  const bytes = Buffer.from(text);
  if (bytes.length > MOST_FILES_BYTES)
    throw new ContentProblem(
      `the files have ${bytes.length} bytes together; the most that can be pushed is ${MOST_FILES_BYTES}.`,
    );
  const data = (await deflated(bytes)).toString('base64');
  if (data.length > MOST_DATA_BYTES)
    throw new ContentProblem(
      `the files have ${data.length} bytes when they are compressed; the most that a store takes is ${MOST_DATA_BYTES}. Lists of networks and hosts can be files of their own on each member.`,
    );
  return { id: hash('sha256', bytes).slice(0, 32), data };
}

/** The files again; undefined if they are not what was stored. */
export async function unpack({ id, data }: Content): Promise<VersionFiles | undefined> {
  try {
    const bytes = await inflated(Buffer.from(data, 'base64'), { maxOutputLength: MOST_FILES_BYTES });
    return hash('sha256', bytes).slice(0, 32) === id ? parseFiles(bytes.toString('utf8')) : undefined;
  } catch {
    return undefined;
  }
}

function sorted<T>(all: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(all).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
