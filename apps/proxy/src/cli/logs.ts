import { ProxyError } from '@inband/core';
import { resolve } from 'node:path';
import { loadConfig } from '../config/load-config.ts';
import { safeSentence } from '../lines/values/safe-text.ts';
import { explainLine } from '../log-search/explain-line.ts';
import { type Found, LineSearch } from '../log-search/find-lines.ts';
import { linesIn, linesOf, withRotated } from '../log-search/log-files.ts';
import type { LogsCommand } from './cli-arguments.ts';
import { UsageError } from './usage/usage-error.ts';

const STANDARD_INPUT = 'standard input';

/** Finds a request in the log, and says what happened to it. Resolves with the exit status. */
export async function logs({ id, config, files }: LogsCommand): Promise<number> {
  const named = config === undefined ? files : [await logFileOf(config)];
  if (named.length === 0 && process.stdin.isTTY) throw new UsageError(NOTHING_TO_READ);
  const search = new LineSearch(id);
  const searched = named.length === 0 ? await searchInput(search) : await searchFiles(search, named);
  if (search.own !== undefined) return print([search.own, ...search.inner]);
  const { other } = search;
  if (other !== undefined) {
    const why = 'Only a log in the format "json" has all that happened to a request. The line in this one is:';
    process.stdout.write(`${why}\n\n${safeSentence(other.text)}\n(${other.place})\n`);
    return 0;
  }
  process.stderr.write(`inband: ${notFound(id, searched)}\n`);
  return 1;
}

const NOTHING_TO_READ =
  'logs reads a log file, --config FILE that names one, or standard input: journalctl -u inband -o cat | inband logs --explain ID.';

async function logFileOf(config: string): Promise<string> {
  const [parsed, source] = await loadConfig(config);
  const { file } = parsed.config.log;
  if (file !== undefined) return resolve(source.baseDirectory, file);
  throw new UsageError(`the log of ${config} goes to no file; name one, or give it by standard input.`);
}

async function searchInput(search: LineSearch): Promise<string[]> {
  await searchLines(search, STANDARD_INPUT, linesIn(process.stdin));
  return [STANDARD_INPUT];
}

/** Looks into each file and what rotation has made of it, the newest first. Returns what was looked into. */
async function searchFiles(search: LineSearch, files: readonly string[]): Promise<string[]> {
  const searched: string[] = [];
  for (const file of files) {
    let isNearlyOver = false;
    for (const path of await withRotated(file)) {
      searched.push(path);
      await searchLines(search, path, linesOf(path));
      // What was stacked in it ended before it, so it may be in the file before, too.
      if (isNearlyOver) break;
      isNearlyOver = search.own !== undefined;
    }
  }
  return searched;
}

async function searchLines(search: LineSearch, name: string, lines: AsyncIterable<string>): Promise<void> {
  let number = 0;
  try {
    for await (const line of lines) {
      number += 1;
      search.look(line, `${name}:${number}`);
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ProxyError('proxy_configuration_error', `inband: ${name} cannot be read: ${why}`);
  }
}

function print(found: readonly Found[]): number {
  const texts = found.map(({ line, place }, index) => {
    const heading = index === 0 ? `${String(line.id)} (${place})` : `Within it: ${String(line.id)} (${place})`;
    return [heading, ...explainLine(line).map((sentence) => `- ${sentence}`)].join('\n');
  });
  process.stdout.write(`${texts.join('\n\n')}\n`);
  return 0;
}

function notFound(id: string, searched: readonly string[]): string {
  return (
    `there is no request ${id} in ${searched.join(', ')}. Its line is written at its end, at most 200 ms late; log.access and log.sample leave ` +
    'lines out, and so does a rotation that keeps too few files.'
  );
}
