import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type * as z from 'zod';
import type { ConfigPath, Problem } from '../../problem/problem.ts';
import { FileProblem, readBounded, stampOf } from '../../read/bounded-file.ts';
import type { cluster as clusterSchema } from '../../cluster/cluster.ts';
import type { store as storeSchema } from '../../cluster/store.ts';

/** Bytes of `cluster.secret` at least. */
export const LEAST_SECRET = 32;
/** Bytes of a password or a token at most. */
const MOST_TEXT = 4_096;

/** What stands in the files that `store` and `cluster` name. */
export interface ClusterFiles {
  readonly password?: string;
  readonly token?: string;
  /** PEM. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** At least {@link LEAST_SECRET} bytes each. The first one encrypts. */
  readonly secrets?: readonly Buffer[];
}

/** What may name files, in a configuration. */
interface WithFiles {
  readonly store?: z.output<typeof storeSchema>;
  readonly cluster?: z.output<typeof clusterSchema>;
}

type Texts = Exclude<keyof ClusterFiles, 'secrets'>;

/** Reads the files that `store` and `cluster` name, and finds what is wrong with them. */
export async function readClusterFiles(
  { store, cluster }: WithFiles,
  baseDirectory: string,
): Promise<{ readonly files: ClusterFiles; readonly problems: readonly Problem[] }> {
  const files: { -readonly [Key in keyof ClusterFiles]: ClusterFiles[Key] } = {};
  const problems: Problem[] = [];
  const attempt = async (path: ConfigPath, read: () => Promise<void>): Promise<void> => {
    try {
      await read();
    } catch (error) {
      if (!(error instanceof FileProblem)) throw error;
      problems.push({ path, message: error.message });
    }
  };
  const text = async (key: Texts, path: ConfigPath, file: string, readText: typeof pemIn): Promise<void> =>
    attempt(path, async () => {
      files[key] = readText((await readBounded(resolve(baseDirectory, file), file)).text, file);
    });
  for (const key of ['password', 'token'] as const) {
    const written = store?.[key];
    if (typeof written === 'object') await text(key, ['store', key, 'file'], written.file, lineIn);
  }
  if (typeof store?.tls === 'object') {
    for (const key of ['ca', 'cert', 'key'] as const) {
      const file = store.tls[key];
      if (file !== undefined) await text(key, ['store', 'tls', key], file, pemIn);
    }
  }
  for (const file of cluster?.secret?.file ?? [])
    await attempt(['cluster', 'secret', 'file'], async () => {
      const secret = await readSecret(resolve(baseDirectory, file), file);
      files.secrets = [...(files.secrets ?? []), secret];
    });
  return { files, problems };
}

/** The one line of a file, without its line end. */
function lineIn(text: string, file: string): string {
  const line = text.replace(/\r?\n$/, '');
  if (line !== '' && Buffer.byteLength(line) <= MOST_TEXT && !/\p{Cc}/u.test(line)) return line;
  throw new FileProblem(`${file}: the file should hold one line, with nothing else.`);
}

function pemIn(text: string, file: string): string {
  if (text.includes('-----BEGIN ')) return text;
  throw new FileProblem(`${file}: the file holds nothing in PEM ("-----BEGIN …").`);
}

async function readSecret(path: string, file: string): Promise<Buffer> {
  let secret: Buffer;
  try {
    // Rejects for a pipe, which would wait for a writer.
    await stampOf(path);
    secret = await readFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FileProblem(`${file}: the file cannot be read: ${reason}.`, true);
  }
  if (secret.length >= LEAST_SECRET) return secret;
  throw new FileProblem(
    `${file}: the file has ${secret.length} bytes; a secret has ${LEAST_SECRET} or more, as of "openssl rand -base64 48".`,
  );
}
