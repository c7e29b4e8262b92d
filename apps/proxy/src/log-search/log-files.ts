import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** What rotation puts behind the name of a file: `.1`, `.2.gz`, `-20261128`, `-20261128.gz`. */
const ROTATED = /^[.-]\d[\d.-]*(\.gz)?$/;

/** A log file and those that it has become, the newest first. */
export async function withRotated(path: string): Promise<string[]> {
  const [folder, name] = [dirname(path), basename(path)];
  const names = await readdir(folder).catch((): string[] => []);
  const rotated = names.filter((one) => one.startsWith(name) && ROTATED.test(one.slice(name.length)));
  const dated = await Promise.all(
    rotated.map(async (one) => {
      const file = join(folder, one);
      return {
        file,
        time: await stat(file).then(
          ({ mtimeMs }) => mtimeMs,
          () => 0,
        ),
      };
    }),
  );
  return [path, ...dated.toSorted((a, b) => b.time - a.time).map(({ file }) => file)];
}

/** Reads a file line by line, also one that is compressed with gzip. Throws when it cannot be read. */
export async function* linesOf(path: string): AsyncGenerator<string> {
  const file = createReadStream(path);
  yield* linesIn(path.endsWith('.gz') ? file.compose(createGunzip()) : file);
}

/** Reads a stream line by line. Throws when it cannot be read. */
export async function* linesIn(stream: Readable): AsyncGenerator<string> {
  // `createInterface` ends at an error of its stream as if that were complete.
  const failed = Promise.withResolvers<never>();
  stream.once('error', failed.reject);
  const lines = createInterface({ input: stream, crlfDelay: Infinity });
  failed.promise.catch(() => lines.close());
  yield* lines;
  if (stream.errored !== null) throw stream.errored;
}
