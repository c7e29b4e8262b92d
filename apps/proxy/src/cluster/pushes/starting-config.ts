import type { ConfigSource } from '../../config/read/read-source.ts';
import { LOCAL_SECTIONS } from '../../config/read/pushed-source.ts';
import { loadPatched, readUnder } from '../../config/load-config.ts';
import type { ParsedConfig } from '../../config/parse-config.ts';
import { describeFailure } from '../../log/describe-failure.ts';
import { ContentProblem, type Seal, unpack } from './stored/content.ts';
import type { CopyOnDisk, FoundCopy } from './stored/copy-on-disk.ts';
import type { Started } from './following/follower.ts';
import { type ConfigRecord, type Content, parseRecord } from './stored/records.ts';
import { versionIn, versionOf } from './stored/versions.ts';
import type { StoredConfig } from './stored/stored-config.ts';

/** Milliseconds until the first answer of the store. */
const FIRST_ANSWER = 1_000;

/** A line for the log, which is opened when it is known what the configuration says of it. */
export interface Note {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly message: string;
}

/** What a member begins with. */
export interface StartingConfig {
  readonly parsed: ParsedConfig;
  readonly source: ConfigSource;
  readonly started: Started;
  readonly notes: readonly Note[];
}

interface StartingDeps {
  readonly stored: StoredConfig;
  readonly member: string;
  readonly copy: CopyOnDisk | undefined;
  readonly seal: Seal | undefined;
  /** Rejects if this machine cannot run it, because an address is in use, for example. */
  readonly refuseUnusable: (parsed: ParsedConfig, source: ConfigSource) => Promise<void>;
}

/** Something that the member could begin with. */
interface Choice {
  readonly from: 'the store' | 'the copy on disk';
  readonly record: ConfigRecord;
  readonly contents: readonly Content[];
}

/**
 * What a member begins with: what the store has for it, if that answers within a second; else the last good copy on its disk; else its own file, which is
 * `own`. What cannot be used here is told, and the next one is taken. Never rejects.
 */
export async function startingConfig(
  own: { readonly parsed: ParsedConfig; readonly source: ConfigSource },
  { stored, member, copy, seal, refuseUnusable }: StartingDeps,
): Promise<StartingConfig> {
  const notes: Note[] = [];
  const [answer, kept] = await Promise.all([firstAnswer(stored), copy?.read() ?? NO_COPY]);
  if (kept.kind === 'broken')
    notes.push({
      level: 'error',
      fields: { file: copy?.file, detail: kept.why },
      message: 'the copy of the configuration of all members is broken, and is not used',
    });
  const choices: Choice[] = [];
  if (answer?.record !== undefined)
    choices.push({
      from: 'the store',
      record: answer.record,
      contents: await contentsOf(answer.record, member, stored),
    });
  if (kept.kind === 'copy')
    choices.push({ from: 'the copy on disk', record: kept.copy.record, contents: kept.copy.contents });
  if (answer === undefined)
    notes.push({
      level: 'warn',
      fields: { copy: kept.kind === 'copy' },
      message: 'the store did not answer at the start; what it has is not known yet',
    });
  const [record] = choices.map((choice) => choice.record);
  const isConfirmed = answer?.record !== undefined;
  let error: string | undefined;
  const refused = new Set<string>();
  for (const { from, record: found, contents } of choices) {
    const running = versionOf(found, member);
    // Others may have something, and this member its own file.
    if (running === undefined) break;
    // The copy often has the same.
    if (refused.has(running.id)) continue;
    try {
      const content = contents.find(({ id }) => id === running.id);
      if (content === undefined) throw new ContentProblem(`the content of version ${running.number} is not there.`);
      refused.add(running.id);
      const files = await unpack(content, seal);
      const source = await readUnder(own.source, { name: `version ${running.number}`, ...files });
      const [parsed, whole] = await loadPatched(source, []);
      await refuseUnusable(parsed, whole);
      notes.push({
        level: 'info',
        fields: { version: running.number, from, by: running.by, ofOwnFile: LOCAL_SECTIONS },
        message: 'begins with a pushed version of the configuration',
      });
      return { parsed, source: whole, started: { record, running, contents, isConfirmed, error }, notes };
    } catch (failure) {
      const detail = describeFailure(failure);
      error ??= detail;
      notes.push({
        level: 'error',
        fields: { version: running.number, from, detail },
        message: 'a pushed version of the configuration cannot be used here',
      });
    }
  }
  const contents = choices.flatMap((choice) => choice.contents);
  return { ...own, started: { record, running: undefined, contents, isConfirmed, error }, notes };
}

const NO_COPY: FoundCopy = { kind: 'none' };

/** The record of the store; undefined if it does not answer. */
function firstAnswer(stored: StoredConfig): Promise<{ readonly record: ConfigRecord | undefined } | undefined> {
  const { promise, resolve } = Promise.withResolvers<{ readonly record: ConfigRecord | undefined } | undefined>();
  // Told as soon as there is a connection.
  const watch = stored.watchRecord((entry) => resolve({ record: entry && parseRecord(entry.value) }));
  const timer = setTimeout(() => resolve(undefined), FIRST_ANSWER);
  return promise.finally(() => {
    clearTimeout(timer);
    watch.stop();
  });
}

async function contentsOf(record: ConfigRecord, member: string, stored: StoredConfig): Promise<Content[]> {
  const versions = [versionOf(record, member), versionIn(record, record.current)];
  const found = new Map<string, Content>();
  for (const version of versions) {
    if (version === undefined || found.has(version.id)) continue;
    const content = await stored.content(version).catch(() => undefined);
    if (content !== undefined) found.set(version.id, content);
  }
  return [...found.values()];
}
