import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The sources of which built files consist: each begins with a comment that has its path. */
export function sourcesIn(files: readonly string[]): string[] {
  return files.flatMap((url) =>
    Array.from(
      readFileSync(fileURLToPath(url), 'utf8').matchAll(/^\/\/ (\S+\.[cm]?[jt]s)$/gm),
      ([, path = '']) => path,
    ),
  );
}
