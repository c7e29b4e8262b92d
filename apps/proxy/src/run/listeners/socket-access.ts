import { ProxyError, type SocketFileAccess } from '@inband/core';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Config } from '../../config/schema/schema.ts';

type Keys = Pick<Config['listeners'][number], 'mode' | 'user' | 'group'>;

/** Milliseconds for the system to look an account up in a directory. */
const LONGEST = 5_000;

/**
 * The mode and the owner of a unix listener's file. Undefined if the configuration has none of them. Throws a
 * {@link ProxyError} if there is no such user or group.
 */
export function socketAccess({ mode, user, group }: Keys): SocketFileAccess | undefined {
  if (mode === undefined && user === undefined && group === undefined) return undefined;
  return {
    ...(mode !== undefined && { mode }),
    ...(user !== undefined && { uid: numberOf('user', 'passwd', user) }),
    ...(group !== undefined && { gid: numberOf('group', 'group', group) }),
  };
}

function numberOf(kind: 'user' | 'group', database: 'passwd' | 'group', account: string | number): number {
  if (typeof account === 'number') return account;
  const line = inFile(database, account) ?? inDirectory(database, account);
  const id = line?.split(':')[2];
  if (id !== undefined && /^\d+$/.test(id)) return Number(id);
  throw new ProxyError('proxy_configuration_error', `there is no ${kind} "${account}" on this machine.`, {
    setting: `listeners[].${kind}`,
  });
}

function inFile(database: string, account: string): string | undefined {
  try {
    return readFileSync(`/etc/${database}`, 'utf8')
      .split('\n')
      .find((line) => line.startsWith(`${account}:`));
  } catch {
    return undefined;
  }
}

/** By `getent`, because accounts may be in a directory such as LDAP, and Node has no function for that. */
function inDirectory(database: string, account: string): string | undefined {
  // `getent` would read it as an option.
  if (account.startsWith('-')) return undefined;
  const { status, stdout } = spawnSync('getent', [database, account], { encoding: 'utf8', timeout: LONGEST });
  return status === 0 ? stdout.split('\n').find((line) => line.startsWith(`${account}:`)) : undefined;
}
