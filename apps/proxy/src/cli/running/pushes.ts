import type { Pushed, PushedConfig, VersionContent } from '@inband/admin';
import { ProxyError } from '@inband/core';
import { filesToPush } from '../../config/read/files-to-push.ts';
import { readConfigFile } from '../../config/read/read-source.ts';
import { safeSentence } from '../../lines/values/safe-text.ts';
import { askRunning } from './ask-running.ts';
import { memberLine, versionLine } from './version-lines.ts';

/** A configuration is to become that of all members. */
export interface PushCommand {
  readonly name: 'push';
  /** Of the program that is asked. */
  readonly config: string | undefined;
  /** What is pushed. */
  readonly file: string | undefined;
  /** The canary becomes that of all; nothing is pushed. */
  readonly promote: boolean;
  /** A share of the members, up to 1. */
  readonly canary?: number;
  readonly message?: string;
  /** Milliseconds in which every member has to answer. */
  readonly wait?: number;
}

/** The canary is to end, or an old version to become that of all. */
export interface RollbackCommand {
  readonly name: 'rollback';
  readonly config: string | undefined;
  readonly to?: number;
  readonly message?: string;
  readonly wait?: number;
}

/** The versions are to be shown. */
export interface VersionsCommand {
  readonly name: 'versions';
  readonly config: string | undefined;
  /** Only this one, with its content. */
  readonly number?: number;
  readonly json?: true;
}

/** Milliseconds for answers that take no work. */
const SOON = 10_000;
/** Milliseconds for a push: longer than every wait in it. */
const PUSH = 160_000;
/** Members that are named. */
const MOST_NAMES = 20;

/** Pushes a configuration, or promotes the canary. Resolves with the exit status: 1 if a member cannot use it. */
export async function push({ config, file, promote, canary, message, wait }: PushCommand): Promise<number> {
  const ifMatch = (await stateOf(config)).etag;
  const options = { message, wait };
  if (promote) return tell(config, await ask(config, '/cluster/config/promote', ifMatch, options));
  const source = await readConfigFile(file ?? '');
  const files = filesToPush(source);
  if (files === undefined) throw failed(`${file ?? ''} is a program, which others need not have; push YAML or JSON.`);
  return tell(config, await ask(config, '/cluster/config', ifMatch, { ...files, ...options, canary }));
}

/** Ends the canary, or pushes an old version. Resolves with the exit status. */
export async function rollback({ config, to, message, wait }: RollbackCommand): Promise<number> {
  const ifMatch = (await stateOf(config)).etag;
  return tell(config, await ask(config, '/cluster/config/rollback', ifMatch, { to, message, wait }));
}

/** Prints versions and who runs which, or the content of one. Resolves with the exit status. */
export async function versions({ config, number, json }: VersionsCommand): Promise<number> {
  if (number !== undefined) return printContent(config, number, json === true);
  const state = await stateOf(config);
  if (json === true) return print(JSON.stringify(state, undefined, 2));
  const lines = state.versions.toReversed().map((version) => versionLine(version, state));
  const none = state.isKnown
    ? 'nothing was pushed yet: every member has the configuration of its own file'
    : 'what was pushed is not known: the store has not answered since this member started';
  return print(
    [...(lines.length === 0 ? [none] : lines), '', ...state.members.map(memberLine), ...staleLine(state)].join('\n'),
  );
}

async function printContent(config: string | undefined, number: number, json: boolean): Promise<number> {
  const path = `/cluster/config/versions/${number}`;
  const { body } = await askRunning(config, { method: 'GET', path, timeout: SOON });
  if (json) return print(JSON.stringify(body, undefined, 2));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what the API answers
  const { texts } = body as VersionContent;
  const files = Object.entries(texts);
  if (files.length === 1) return print((files[0]?.[1] ?? '').trimEnd());
  return print(files.map(([name, text]) => `# ${name}\n${text.trimEnd()}\n`).join('\n'));
}

async function stateOf(config: string | undefined): Promise<PushedConfig> {
  const { body } = await askRunning(config, { method: 'GET', path: '/cluster/config', timeout: SOON });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what the API answers
  return body as PushedConfig;
}

async function ask(config: string | undefined, path: string, ifMatch: string, body: object): Promise<Pushed> {
  const answer = await askRunning(config, { method: 'POST', path, body, ifMatch, timeout: PUSH });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what the API answers
  return answer.body as Pushed;
}

/** Says what has become of a push. */
function tell(config: string | undefined, { version, current, canary, members, left, unheard }: Pushed): number {
  if (left.length > 0)
    process.stderr.write(`left out, because every member has them from its own file: ${left.join(', ')}\n`);
  if (unheard.length > 0)
    process.stderr.write(`not waited for, because they have missed beats: ${safeSentence(unheard.join(', '))}\n`);
  const following = members.filter(({ follows }) => follows);
  const behind = following.filter(({ error, wanted }) => (error ?? wanted) !== undefined);
  const meant = canary === null ? following : following.filter(({ name }) => canary.members.includes(name));
  const those = meant.filter(({ running }) => running === (canary?.number ?? current));
  const what =
    canary === null
      ? `${version === null ? 'the canary has ended; ' : ''}${current === null ? 'every member has its own file again' : `version ${current} is current`}`
      : `version ${canary.number} is a canary on ${safeSentence(canary.members.join(', '))}`;
  const lines = behind.slice(0, MOST_NAMES).map(memberLine);
  print([`${what}: ${those.length} of ${meant.length} members run it`, ...lines].join('\n'));
  return behind.length === 0 ? 0 : 1;
}

function staleLine({ stale }: PushedConfig): string[] {
  return stale < 15 ? [] : [`the store was last read ${Math.round(stale)} s ago`];
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

function failed(message: string): ProxyError {
  return new ProxyError('proxy_internal_error', `inband: ${message}`);
}
