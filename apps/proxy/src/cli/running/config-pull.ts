import type { EffectiveConfig } from '@inband/admin';
import { ProxyError } from '@inband/core';
import { replaceFile } from '@inband/files';
import { readFile, realpath, stat } from 'node:fs/promises';
import { languageOf } from '../../config/read/config-files.ts';
import { type MergePatch, mergePatch } from '../../config/read/merge-patch.ts';
import { type ConfigSource, readConfigFile } from '../../config/read/read-source.ts';
import { hashOf } from '../../overlays/overlays.ts';
import { putIntoText } from '../../overlays/put-into-text.ts';
import { askRunning } from './ask-running.ts';

/** Changes by the admin API are to be put into the file. */
export interface ConfigPullCommand {
  readonly name: 'config';
  readonly config: string | undefined;
  /** Only this one. */
  readonly id: string | undefined;
}

/** Milliseconds for answers that take no work. */
const SOON = 10_000;
/** Milliseconds for a reload. */
const RELOAD = 100_000;

interface Pulled {
  readonly id: string;
  readonly patch: MergePatch;
}

/**
 * Puts changes that lie over a configuration into its file, has the program read that, and takes the changes back. Resolves with the exit
 * status. The file is as it was if something is in the way.
 */
export async function pullConfig({ config, id }: ConfigPullCommand): Promise<number> {
  const { body } = await askRunning(config, { method: 'GET', path: '/config', timeout: SOON });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what the API answers
  const { hash, overlays, pushed } = body as EffectiveConfig;
  if (pushed !== null)
    throw failed(
      `the program runs ${pushed} of its cluster over its file; write the changes into what is pushed: GET /config/overlays/ID.yaml has them.`,
    );
  if (id !== undefined && !overlays.some((one) => one.id === id)) throw failed(`there is no change "${id}".`);
  const all = await Promise.all(overlays.map((one) => pulled(config, one.id)));
  const wanted = all.filter((one) => id === undefined || one.id === id);
  if (wanted.length === 0) return print('There are no changes over the file.');
  const source = await readConfigFile(config ?? '');
  const file = onlyFileOf(source);
  const running = all.reduce<unknown>((value, { patch }) => mergePatch(value, patch), source.value);
  if (hashOf(running) !== hash)
    throw failed(
      `${file} has changed since the program has read it, or its variables have other values here: reload first.`,
    );
  await replace(file, wanted);
  await askRunning(config, { method: 'POST', path: '/reload', timeout: RELOAD });
  for (const one of wanted) {
    await askRunning(config, { method: 'DELETE', path: `/config/overlays/${one.id}`, timeout: RELOAD });
  }
  return print(`${wanted.map((one) => one.id).join(', ')}: written to ${file}, which the program has read.`);
}

async function pulled(config: string | undefined, id: string): Promise<Pulled> {
  const { body } = await askRunning(config, { method: 'GET', path: `/config/overlays/${id}.json`, timeout: SOON });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what the API answers
  return { id, patch: body as MergePatch };
}

function onlyFileOf({ file = '', files }: ConfigSource): string {
  const [only, ...others] = Object.keys(files?.texts ?? {});
  if (only === undefined || languageOf(only) === undefined) {
    throw failed(
      `${file} is a program and not a text; write the changes into it by hand: GET /config/overlays/ID.yaml has them.`,
    );
  }
  if (others.length === 0) return only;
  const names = [only, ...others].join(', ');
  throw failed(
    `the configuration has several files (${names}); write the changes into them by hand: GET /config/overlays/ID.yaml has them.`,
  );
}

/** Writes another file first, so that nobody ever reads half of it. */
async function replace(file: string, changes: readonly Pulled[]): Promise<void> {
  const path = await realpath(file);
  let text = await readFile(path, 'utf8');
  const language = languageOf(file) ?? 'yaml';
  for (const { id, patch } of changes) {
    const result = putIntoText(text, language, patch);
    if ('problem' in result) throw failed(`${id} cannot be put into ${file}: ${result.problem}`);
    ({ text } = result);
  }
  const { mode, uid, gid } = await stat(path);
  await replaceFile(path, text, { mode: mode & 0o777, uid, gid });
}

function print(line: string): number {
  process.stdout.write(`${line}\n`);
  return 0;
}

function failed(message: string): ProxyError {
  return new ProxyError('proxy_internal_error', `inband: ${message}`);
}
