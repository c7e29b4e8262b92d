import { createHash } from 'node:crypto';

/** Bytes of a name at most. Stores take 256 for a key. */
const MOST = 200;
/** Code units that stay of a name that is too long. One has three bytes at most. */
const KEPT = 40;

/** The name of a limit, which has any length, as the key of a store: one that is too long, or no proper text, ends with its hash. */
export function storeName(name: string): string {
  if (name.length <= MOST && Buffer.byteLength(name) <= MOST && name.isWellFormed()) return name;
  const hash = createHash('sha256').update(Buffer.from(name, 'utf16le')).digest('base64url');
  return `${name.slice(0, KEPT).toWellFormed()}#${hash}`;
}
