import { hash } from 'node:crypto';
import type { PrepareContext } from '@inband/core';
import { configurationError } from '../../options/configuration-error.ts';
import { readSecret } from '../../options/secret-file.ts';
import { NO_SECRET, SHORTEST_SECRET, type WrittenSticky } from './sticky-options.ts';

/** What signs the cookie, from its file. */
export interface PreparedSticky {
  readonly secret?: string;
  /** Changes with the secret. */
  readonly identity?: string;
}

const SETTING = 'chainer.sticky.secretFile';

/** Reads the file with the secret. Rejects with a `ProxyError`. */
export async function prepareSticky(
  sticky: WrittenSticky | undefined,
  context: PrepareContext,
): Promise<PreparedSticky> {
  if (sticky?.secretFile === undefined) return {};
  const secret = await readSecret(sticky.secretFile, context, SETTING);
  if (secret.length >= SHORTEST_SECRET) return { secret, identity: hash('sha256', secret) };
  throw configurationError(`The file ${JSON.stringify(sticky.secretFile)}: ${NO_SECRET}.`, SETTING);
}
