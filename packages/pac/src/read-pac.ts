import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { PacError } from './base/pac-error.ts';
import { PacFile } from './pac-file.ts';
import type { PacPlace } from './pac-source.ts';

/** Reads and loads a PAC file once. Rejects with a {@link PacError} if it is none. `folder`: what its path is relative to. */
export async function readPac(path: string, folder: string): Promise<PacPlace & { readonly text: string }> {
  const absolute = resolve(folder, path);
  const text = await readFile(absolute, 'utf8').catch((error: unknown) => {
    throw new PacError('text', `it cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
  });
  const file = new PacFile({ resolve: () => Promise.resolve([]), alert: () => {} });
  try {
    await file.load(text);
  } finally {
    file.close();
  }
  return { path: absolute, text };
}
