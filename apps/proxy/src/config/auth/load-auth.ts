import type * as auth from '@inband/auth';
import { resolve } from 'node:path';
import { type ConfigPath, isRecord, type Problem } from '../problem/problem.ts';
import { FileProblem, readBounded } from '../read/bounded-file.ts';

/** What authentication needs, where a service has it. */
export interface LoadedAuth {
  readonly module: typeof auth;
  /** The files of users, by their paths. */
  readonly files: ReadonlyMap<string, auth.PasswordFile>;
}

interface Options {
  readonly baseDirectory: string;
  /**
   * Whether a file that cannot be used is an error. Not in a worker that starts again: it lets nobody in by that file until it is mended, and
   * serves its other clients.
   */
  readonly isStrict: boolean;
}

/**
 * Loads the package for authentication and reads what its settings name; nothing is loaded if no service has `auth`. `services` is not
 * validated yet; values of the wrong type are skipped, because the schema reports them.
 */
export async function loadAuth(
  services: unknown,
  options: Options,
): Promise<{ readonly loaded: LoadedAuth | undefined; readonly problems: readonly Problem[] }> {
  const written = [...writtenIn(services)];
  if (written.length === 0) return { loaded: undefined, problems: [] };
  const module = await import('@inband/auth');
  const files = new Map<string, auth.PasswordFile>();
  const problems: Problem[] = [];
  for (const { path, settings } of written) {
    if (isRecord(settings.users)) problems.push(...userProblems(module, [...path, 'users'], settings.users));
    if (typeof settings.file !== 'string' || settings.file === '') continue;
    const { file, messages } = await readFile(module, settings.file, options);
    files.set(file.path, file);
    problems.push(...messages.map((message) => ({ path: [...path, 'file'], message, warning: !options.isStrict })));
  }
  return { loaded: { module, files }, problems };
}

/** Each way of authentication with its place. */
function* writtenIn(services: unknown): Generator<{ path: ConfigPath; settings: Record<string, unknown> }> {
  for (const [name, service] of Object.entries(isRecord(services) ? services : {})) {
    const written: unknown = isRecord(service) ? service.auth : undefined;
    const path = ['services', name, 'auth'];
    if (isRecord(written)) yield { path, settings: written };
    for (const [index, settings] of Array.isArray(written) ? written.entries() : []) {
      if (isRecord(settings)) yield { path: [...path, index], settings };
    }
  }
}

function userProblems({ readUsers }: typeof auth, path: ConfigPath, users: Record<string, unknown>): Problem[] {
  const texts = Object.entries(users).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return readUsers(Object.fromEntries(texts)).problems.map(({ user, message }) => {
    return { path: user === undefined ? path : [...path, user], message };
  });
}

async function readFile(
  { PasswordFileError, readPasswordFile }: typeof auth,
  name: string,
  { baseDirectory }: Options,
): Promise<{ readonly file: auth.PasswordFile; readonly messages: readonly string[] }> {
  const path = resolve(baseDirectory, name);
  try {
    return { file: await readPasswordFile(path, name, readBounded), messages: [] };
  } catch (error) {
    if (!(error instanceof PasswordFileError || error instanceof FileProblem)) throw error;
    const messages = error instanceof PasswordFileError ? error.problems : [error.message];
    return { file: { name, path, users: new Map(), stamp: 'unread' }, messages };
  }
}
