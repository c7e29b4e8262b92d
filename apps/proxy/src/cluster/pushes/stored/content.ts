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

/** Encrypts contents with what all members have: `cluster.secret`. */
export interface Seal {
  /** `name`: under which it is stored. */
  seal(name: string, text: string): string;
  /** Undefined if it was not sealed under this name by a secret that this member has. */
  open(name: string, sealed: string): string | undefined;
}

/**
 * Files as they are stored, sealed if there is a way to. Rejects with a {@link ContentProblem} if they are too large. Compresses in a thread of
 * Node's pool.
 */
export async function pack({ main, texts, folders }: VersionFiles, seal: Seal | undefined): Promise<Content> {
  // In an order of its own, so that the same files have the same id.
  const text = JSON.stringify({ main, texts: sorted(texts), folders: sorted(folders) });
  const bytes = Buffer.from(text);
  if (bytes.length > MOST_FILES_BYTES)
    throw new ContentProblem(
      `the files have ${bytes.length} bytes together; the most that can be pushed is ${MOST_FILES_BYTES}.`,
    );
  const id = hash('sha256', bytes).slice(0, 32);
  const plain = (await deflated(bytes)).toString('base64');
  const data = seal === undefined ? plain : seal.seal(nameOf(id), plain);
  if (data.length > MOST_DATA_BYTES)
    throw new ContentProblem(
      `the files have ${data.length} bytes when they are compressed; the most that a store takes is ${MOST_DATA_BYTES}. Lists of networks and hosts can be files of their own on each member.`,
    );
  return { id, data };
}

/** The files again. Rejects with a {@link ContentProblem} if they are not what was stored, or this member cannot read them. */
export async function unpack({ id, data }: Content, seal: Seal | undefined): Promise<VersionFiles> {
  const isSealed = data.includes('.');
  const plain = isSealed ? seal?.open(nameOf(id), data) : data;
  if (plain === undefined) {
    const why = seal === undefined ? 'has no cluster.secret' : 'has another cluster.secret';
    throw new ContentProblem(`the content of the version is encrypted, and this member ${why}.`);
  }
  const bytes = await inflated(Buffer.from(plain, 'base64'), { maxOutputLength: MOST_FILES_BYTES }).catch(
    () => undefined,
  );
  const files = bytes && hash('sha256', bytes).slice(0, 32) === id ? parseFiles(bytes.toString('utf8')) : undefined;
  if (files === undefined) throw new ContentProblem('the content of the version is not what was pushed.');
  return files;
}

/** It does not depend on the place, because a rollback puts the same content into another one. */
function nameOf(id: string): string {
  return `config/content/${id}`;
}

function sorted<T>(all: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(all).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
