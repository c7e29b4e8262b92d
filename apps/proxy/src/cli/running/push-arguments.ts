import type { PushCommand, RollbackCommand, VersionsCommand } from './pushes.ts';
import { UsageError } from '../usage/usage-error.ts';

interface Values {
  readonly config?: string;
  readonly canary?: string;
  readonly message?: string;
  readonly wait?: string;
  readonly promote?: true;
  readonly json?: true;
}

/** Milliseconds that members may be given. */
const LONGEST = 60_000;

/** Reads the arguments of `push`. */
export function pushCommand([file, surplus]: readonly string[], values: Values): PushCommand {
  const { promote, canary, message } = values;
  if (surplus !== undefined)
    throw new UsageError(`"${surplus}" is one argument too many; what a configuration includes is pushed with it.`);
  if (promote === true && (file ?? canary ?? message) !== undefined)
    throw new UsageError('--promote pushes nothing new: it takes no file, no --canary and no --message.');
  const config = values.config ?? file;
  const share = canary === undefined ? undefined : shareOf(canary);
  return {
    name: 'push',
    config,
    file: file ?? config,
    promote: promote === true,
    ...(share !== undefined && { canary: share }),
    ...(message !== undefined && { message }),
    ...waitOf(values),
  };
}

export function rollbackCommand([version, surplus]: readonly string[], values: Values): RollbackCommand {
  if (surplus !== undefined) throw new UsageError(`"${surplus}" is one argument too many; rollback takes one version.`);
  const { config, message } = values;
  const to = version === undefined ? undefined : numberOf(version);
  return {
    name: 'rollback',
    config,
    ...(to !== undefined && { to }),
    ...(message !== undefined && { message }),
    ...waitOf(values),
  };
}

export function versionsCommand([version, surplus]: readonly string[], { config, json }: Values): VersionsCommand {
  if (surplus !== undefined)
    throw new UsageError(`"${surplus}" is one argument too many; versions shows one at a time.`);
  const number = version === undefined ? undefined : numberOf(version);
  return { name: 'versions', config, ...(number !== undefined && { number }), ...(json === true && { json }) };
}

function numberOf(version: string): number {
  if (/^[1-9]\d{0,8}$/.test(version)) return Number(version);
  throw new UsageError(`"${version}" is no version; they have numbers: inband versions lists them.`);
}

function shareOf(canary: string): number {
  const share = /^(\d{1,3}(?:\.\d+)?)%$/.exec(canary)?.[1];
  if (share !== undefined && Number(share) > 0 && Number(share) <= 100) return Number(share) / 100;
  throw new UsageError(`--canary is a share of the members, such as 10%, found ${JSON.stringify(canary)}.`);
}

function waitOf({ wait }: Values): { readonly wait?: number } {
  if (wait === undefined) return {};
  const milliseconds = /^\d{1,3}(?:\.\d{1,3})?s?$/.test(wait) ? Number(wait.replace('s', '')) * 1_000 : 0;
  if (milliseconds >= 100 && milliseconds <= LONGEST) return { wait: milliseconds };
  throw new UsageError(`--wait is a number of seconds from 0.1 to 60, found ${JSON.stringify(wait)}.`);
}
