import { rename } from 'node:fs/promises';

/**
 * Puts a file aside as `path.1`, after `path.1` has become `path.2`, and so on. The one before `path.(keep)` replaces it. Lines
 * that processes write until they open `path` anew are in `path.1`. Resolves with what prevents it, if
 * something does; then the file grows on.
 */
export async function rotate(path: string, keep: number): Promise<string | undefined> {
  try {
    for (let number = keep - 1; number >= 1; number -= 1)
      await moveIfThere(`${path}.${number}`, `${path}.${number + 1}`);
    await moveIfThere(path, `${path}.1`);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function moveIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!isMissing) throw error;
  }
}
